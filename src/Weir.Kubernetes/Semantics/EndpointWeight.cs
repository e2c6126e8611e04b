using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>An endpoint's share relative to the others.</summary>
/// <param name="Address">The endpoint's address.</param>
/// <param name="Port">Its port, or 0 for every one.</param>
/// <param name="Weight">0 takes no new connections.</param>
public readonly record struct EndpointWeight(Address Address, ushort Port, int Weight);
