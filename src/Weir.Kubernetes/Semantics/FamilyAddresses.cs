using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>Where a Service is reached in one family.</summary>
public sealed record FamilyAddresses
{
    /// <summary>The cluster address (spec.clusterIPs).</summary>
    public required Address Cluster { get; init; }

    /// <summary>spec.externalIPs.</summary>
    public ValueList<Address> External { get; init; }

    /// <summary>Addresses of load balancers whose packets come unchanged (status.loadBalancer.ingress with ipMode VIP).</summary>
    public ValueList<Address> LoadBalancer { get; init; }

    /// <summary>The clients that may come in by way of a load balancer; all where it is empty.</summary>
    public ValueList<AddressMask> SourceRanges { get; init; }
}
