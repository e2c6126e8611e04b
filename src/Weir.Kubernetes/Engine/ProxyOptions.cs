using Weir.Model;

namespace Weir.Kubernetes.Engine;

/// <summary>What the operator of a node says about its Service proxy, whatever flags or files it was said by.</summary>
public sealed record ProxyOptions
{
    /// <summary>This node's name, as endpoints name it.</summary>
    public required string NodeName { get; init; }

    /// <summary>
    /// This node's own addresses, the first of each family its primary one: --bind-address where it names one, those of the Node object, loopback.
    /// </summary>
    public ValueList<Address> NodeAddresses { get; init; }

    /// <summary>What <c>/proxyMode</c> answers.</summary>
    public string Mode { get; init; } = "ipvs";

    /// <summary>How services without an annotation choose their servers.</summary>
    public string Scheduler { get; init; } = "rr";

    /// <summary>Whether the source of everything that goes to cluster addresses is translated.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>Where this node's pods have their addresses (detect-local modes ClusterCIDR and NodeCIDR).</summary>
    public ValueList<AddressMask> PodPrefixes { get; init; }

    /// <summary>The device that this node's pods come in by (BridgeInterface); with a + at its end what such names begin with (InterfaceNamePrefix).</summary>
    public string? PodInterface { get; init; }

    /// <summary>Which of the node's addresses take node ports (--nodeport-addresses); all but loopback where it is empty.</summary>
    public ValueList<AddressMask> NodePortPrefixes { get; init; }

    /// <summary>Whether just the primary addresses take node ports (--nodeport-addresses primary).</summary>
    public bool IsNodePortPrimary { get; init; }

    /// <summary>Virtual services in these are not the proxy's (--ipvs-exclude-cidrs).</summary>
    public ValueList<AddressMask> ExcludedPrefixes { get; init; }

    /// <summary>Whether ARP is answered for an address only by the device that holds it (--ipvs-strict-arp).</summary>
    public bool IsArpStrict { get; init; }

    /// <summary>
    /// The least time from the end of a synchronisation to the start of the next. A change that comes after a longer pause is in force at once; this
    /// bounds the work that many changes in a row make.
    /// </summary>
    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>After which time everything is compared with the kernel's state again, and after which time what failed is tried again.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether this node's pods can be told from other clients.</summary>
    public bool DetectsPods => PodPrefixes.Count > 0 || PodInterface is not null;
}
