namespace Weir.Kubernetes.Engine;

/// <summary>Service ports with endpoints elsewhere but none on this node.</summary>
/// <param name="InternalIPv4">With internalTrafficPolicy Local, IPv4.</param>
/// <param name="ExternalIPv4">With externalTrafficPolicy Local, IPv4.</param>
/// <param name="InternalIPv6">With internalTrafficPolicy Local, IPv6.</param>
/// <param name="ExternalIPv6">With externalTrafficPolicy Local, IPv6.</param>
public readonly record struct NoLocalEndpoints(int InternalIPv4, int ExternalIPv4, int InternalIPv6, int ExternalIPv6);
