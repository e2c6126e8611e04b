namespace Weir.Kubernetes.Configuration;

/// <summary>How this node's pods are told from other clients (--detect-local-mode).</summary>
public enum DetectLocalMode : byte
{
    /// <summary>By the cluster's pod prefixes; not at all where there are none.</summary>
    ClusterCidr = 0,

    /// <summary>By the Node object's pod prefixes.</summary>
    NodeCidr = 1,

    /// <summary>By the bridge that they are on.</summary>
    BridgeInterface = 2,

    /// <summary>By what the names of their devices begin with.</summary>
    InterfaceNamePrefix = 3,
}
