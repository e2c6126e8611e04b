namespace Weir.Kubernetes.Semantics;

/// <summary>
/// What kind of address a Service is reached at. Where two Services want the same address, port and protocol, one whose cluster address it is has it:
/// nobody can take that away by naming it as an external one. Otherwise the older Service has it.
/// </summary>
public enum FrontendKind : byte
{
    /// <summary>spec.clusterIPs.</summary>
    Cluster,

    /// <summary>An address of the node, at a node port.</summary>
    NodePort,

    /// <summary>status.loadBalancer.</summary>
    LoadBalancer,

    /// <summary>spec.externalIPs.</summary>
    External,
}
