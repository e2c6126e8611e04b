namespace Weir.Kubernetes.Semantics;

/// <summary>What becomes of a Service on this node.</summary>
public sealed class Translation
{
    /// <summary>A Service that nothing becomes of.</summary>
    public static Translation Nothing { get; } = new();

    /// <summary>The virtual services.</summary>
    public IReadOnlyList<Frontend> Frontends { get; init; } = [];

    /// <summary>How many addresses of ready endpoints are on this node, IPv4 and IPv6; for the health-check node port.</summary>
    public (int IPv4, int IPv6) LocalReady { get; init; }

    /// <summary>Service ports that have endpoints but none on this node, where the internal or external policy is Local; IPv4.</summary>
    public (int Internal, int External) NoLocalIPv4 { get; init; }

    /// <summary>As <see cref="NoLocalIPv4"/>, IPv6.</summary>
    public (int Internal, int External) NoLocalIPv6 { get; init; }
}
