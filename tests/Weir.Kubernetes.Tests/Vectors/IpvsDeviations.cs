namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>Where the tables of virtual services differ from those of kube-proxy's ipvs mode.</summary>
internal static class IpvsDeviations
{
    // A loopback address as an external one: packets to it never leave the host that they come from, and the API refuses it.
    private const string? Absent = null;

    // A Local policy without an endpoint here drops, as in the other modes; ipvs mode uses the endpoints of other nodes (kubernetes/kubernetes#97081).
    private const string Dropping = "";

    /// <summary>Places in ipvs.json (the unit tests, then the scenarios); the service as Weir has it: its servers, or null where it is not there.</summary>
    public static IReadOnlyList<(int Index, string Test, string Service, string? Servers)> All { get; } =
    [
        (18, "TestExternalIPs:1697", "TCP 127.0.0.1 80 rr flags 0 timeout 0", Absent),
        (19, "TestOnlyLocalExternalIPs:1776", "TCP 127.0.0.1 80 rr flags 0 timeout 0", Absent),
        (55, "TestNoEndpointsMetric:5508", "TCP 172.20.1.1 80 rr flags 0 timeout 0", Dropping),
        (56, "TestNoEndpointsMetric:5508", "TCP 10.0.0.1 30000 rr flags 0 timeout 0", Dropping),
        (57, "TestNoEndpointsMetric:5508", "TCP 10.0.0.1 30000 rr flags 0 timeout 0", Dropping),
        (57, "TestNoEndpointsMetric:5508", "TCP 172.20.1.1 80 rr flags 0 timeout 0", Dropping),
        (89, "nftables:TestTerminatingEndpointsTrafficPolicyLocal/terminating_endpoints_on_remote_node:0", "TCP 1.2.3.4 80 rr flags 0 timeout 0", Dropping),
        (145, "iptables:TestTerminatingEndpointsTrafficPolicyLocal/terminating_endpoints_on_remote_node:0", "TCP 1.2.3.4 80 rr flags 0 timeout 0", Dropping),
    ];
}
