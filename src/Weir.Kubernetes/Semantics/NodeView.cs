using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>What a node knows about itself.</summary>
public sealed record NodeView
{
    public required string Name { get; init; }

    /// <summary>Its zone (label topology.kubernetes.io/zone), or empty.</summary>
    public string Zone { get; init; } = "";

    /// <summary>Its own addresses, the first of each family its primary one.</summary>
    public ValueList<Address> Addresses { get; init; }

    /// <summary>The addresses that node ports are on.</summary>
    public ValueList<Address> NodePortAddresses { get; init; }
}
