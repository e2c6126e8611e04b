namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>Where Weir decides otherwise than the vectors, and why. All are of the iptables mode; the nftables mode agrees in every packet.</summary>
internal static class FlowDeviations
{
    // The node rejects what comes to another port of a cluster address, as in the nftables and ipvs modes: the iptables mode lets such packets leave the node.
    private static readonly FlowVerdict WrongPort = new("REJECT");

    // Node ports are not on loopback addresses, as in the nftables and ipvs modes (kubernetes/kubernetes#67730).
    private static readonly FlowVerdict Loopback = new("NONE");

    // Health-check node ports belong to a listener, and Weir has no rule that would keep anybody from it.
    private static readonly FlowVerdict HealthCheck = new("NONE");

    private static readonly Dictionary<(string Group, string Flow), FlowVerdict> Table = new()
    {
        [("iptables:TestClusterIPGeneral:0", "TCP-only port does not match UDP traffic")] = WrongPort,
        [("iptables:TestClusterIPGeneral:0", "svc1 does not accept svc2's ports")] = WrongPort,
        [("iptables:TestNodePorts/ipv4,_localhost-nodeports_enabled:1", "localhost to nodePort gets masqueraded")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/base:0", "localhost to NodePort")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/base:0", "localhost to NodePort with eTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/base:0", "localhost to NodePort with iTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/masqueradeAll:0", "localhost to NodePort")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/masqueradeAll:0", "localhost to NodePort with eTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/masqueradeAll:0", "localhost to NodePort with iTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/no_LocalTrafficDetector:0", "localhost to NodePort")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/no_LocalTrafficDetector:0", "localhost to NodePort with eTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/no_LocalTrafficDetector:0", "localhost to NodePort with iTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/masqueradeAll,_no_LocalTrafficDetector:0", "localhost to NodePort")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/masqueradeAll,_no_LocalTrafficDetector:0", "localhost to NodePort with eTP:Local")] = Loopback,
        [("iptables:TestInternalExternalMasquerade/masqueradeAll,_no_LocalTrafficDetector:0", "localhost to NodePort with iTP:Local")] = Loopback,
        [("iptables:TestHealthCheckNodePort:0", "firewall accepts HealthCheckNodePort")] = HealthCheck,
    };

    public static IEnumerable<(string Group, string Flow)> All => Table.Keys;

    /// <summary>What becomes of the packet with Weir, or null where that is what the vector says.</summary>
    public static FlowVerdict? Find(string group, string flow) => Table.GetValueOrDefault((group, flow));
}
