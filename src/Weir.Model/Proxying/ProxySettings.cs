namespace Weir.Model.Proxying;

/// <summary>What a Service proxy says about the node as a whole.</summary>
public sealed record ProxySettings
{
    /// <summary>Where this node's pods have their addresses (detect-local mode ClusterCIDR or NodeCIDR).</summary>
    public ValueList<AddressMask> PodPrefixes { get; init; }

    /// <summary>The devices that this node's pods come in by (detect-local mode BridgeInterface, or with a trailing + InterfaceNamePrefix); null: not told by device.</summary>
    public string? PodInterface { get; init; }

    /// <summary>Service addresses that are this node's alone: whatever begins a connection to one of them, but not to a service's port, is rejected.</summary>
    public ValueList<Address> BoundAddresses { get; init; }

    /// <summary>Where services have their addresses (ServiceCIDR): what begins a connection there, neither to a service nor to a bound address, is dropped.</summary>
    public ValueList<AddressMask> ServicePrefixes { get; init; }

    /// <summary>Virtual services in these prefixes are not the proxy's: <see cref="ProxyChange.IsWhole"/> leaves them.</summary>
    public ValueList<AddressMask> ExcludedPrefixes { get; init; }
}
