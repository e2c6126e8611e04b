namespace Weir.Kubernetes.Semantics;

/// <summary>
/// Which endpoints a service port uses: readiness, traffic policies and topology hints. (CategorizeEndpoints in pkg/proxy/topology.go is the
/// specification; its test cases are ours.)
/// </summary>
public readonly struct EndpointChoice
{
    /// <summary>The endpoints of traffic whose policy is Cluster.</summary>
    public IReadOnlyList<PortEndpoint> Cluster { get; private init; }

    /// <summary>The endpoints of traffic whose policy is Local.</summary>
    public IReadOnlyList<PortEndpoint> Local { get; private init; }

    /// <summary>Whether any node has a usable one.</summary>
    public bool HasAny { get; private init; }

    /// <summary>Chooses.</summary>
    /// <param name="endpoints">All endpoints of the service port.</param>
    /// <param name="usesCluster">Whether any traffic has the policy Cluster (or comes from pods to a service from outside).</param>
    /// <param name="usesLocal">Whether any traffic has the policy Local.</param>
    /// <param name="nodeName">This node.</param>
    /// <param name="zone">This node's zone, or empty.</param>
    public static EndpointChoice Of(IReadOnlyList<PortEndpoint> endpoints, bool usesCluster, bool usesLocal, string nodeName, string zone)
    {
        IReadOnlyList<PortEndpoint> cluster = [], local = [];
        var hasAny = false;
        if (usesCluster)
        {
            cluster = Near(endpoints, nodeName, zone);
            if (cluster.Count == 0) cluster = Where(endpoints, static e => e.IsLastResort);
            hasAny = cluster.Count > 0;
        }
        if (usesLocal)
        {
            local = Where(endpoints, static e => e.IsLocal && e.Endpoint.IsReady);
            if (local.Count == 0) local = Where(endpoints, static e => e.IsLocal && e.IsLastResort);
            foreach (var endpoint in endpoints) hasAny |= endpoint.Endpoint.IsReady || endpoint.IsLastResort;
        }
        return new EndpointChoice { Cluster = cluster, Local = local, HasAny = hasAny };
    }

    /// <summary>
    /// The ready endpoints that topology hints assign to this node or else to its zone; all ready ones where a ready one has no hint, or none is for us.
    /// </summary>
    private static IReadOnlyList<PortEndpoint> Near(IReadOnlyList<PortEndpoint> endpoints, string nodeName, string zone)
    {
        bool allNode = true, allZone = true, ourNode = false, ourZone = false;
        foreach (var (endpoint, _, _) in endpoints)
        {
            if (!endpoint.IsReady) continue;
            allNode &= endpoint.NodeHints.Count > 0;
            allZone &= endpoint.ZoneHints.Count > 0;
            ourNode |= endpoint.NodeHints.Items.Contains(nodeName);
            ourZone |= endpoint.ZoneHints.Items.Contains(zone);
        }
        if (allNode && ourNode) return Where(endpoints, e => e.Endpoint.IsReady && e.Endpoint.NodeHints.Items.Contains(nodeName));
        if (allZone && ourZone && zone.Length > 0) return Where(endpoints, e => e.Endpoint.IsReady && e.Endpoint.ZoneHints.Items.Contains(zone));
        return Where(endpoints, static e => e.Endpoint.IsReady);
    }

    private static List<PortEndpoint> Where(IReadOnlyList<PortEndpoint> endpoints, Func<PortEndpoint, bool> condition)
    {
        var result = new List<PortEndpoint>(endpoints.Count);
        foreach (var endpoint in endpoints)
        {
            if (condition(endpoint)) result.Add(endpoint);
        }
        return result;
    }
}
