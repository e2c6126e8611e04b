namespace Weir.Kubernetes.Takeover;

/// <summary>The sets of addresses and ports that kube-proxy's ipvs mode makes with ipset.</summary>
public static class KubeProxySets
{
    private static readonly HashSet<string> s_names =
    [
        "LOOP-BACK", "CLUSTER-IP", "EXTERNAL-IP", "EXTERNAL-IP-LOCAL", "LOAD-BALANCER", "LOAD-BALANCER-LOCAL", "LOAD-BALANCER-FW", "LOAD-BALANCER-SOURCE-IP",
        "LOAD-BALANCER-SOURCE-CIDR", "NODE-PORT-TCP", "NODE-PORT-LOCAL-TCP", "NODE-PORT-UDP", "NODE-PORT-LOCAL-UDP", "NODE-PORT-SCTP-HASH", "NODE-PORT-LOCAL-SCTP-HASH",
        "HEALTH-CHECK-NODE-PORT", "IPVS-IPS",
    ];

    /// <summary>Whether a set of that name is kube-proxy's.</summary>
    public static bool IsOwn(string name) =>
        name.StartsWith("KUBE-6-", StringComparison.Ordinal) ? s_names.Contains(name[7..]) : name.StartsWith("KUBE-", StringComparison.Ordinal) && s_names.Contains(name[5..]);
}
