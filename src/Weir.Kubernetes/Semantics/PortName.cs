using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>What a port of a Service and a port of an endpoint slice have in common: that is how they find each other.</summary>
public readonly record struct PortName(string Name, ServiceProtocol Protocol);
