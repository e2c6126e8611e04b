using k8s.Models;

namespace Weir.Kubernetes.Api;

/// <summary>What a Service proxy watches, with kube-proxy's selectors.</summary>
public static class ApiResources
{
    /// <summary>Services that this proxy is to serve: not headless, and not given to another proxy.</summary>
    public static ApiResource<V1Service> Services { get; } = new("", "v1", "services", ApiJson.Default.V1Service)
    {
        LabelSelector = "!service.kubernetes.io/service-proxy-name",
        FieldSelector = "spec.clusterIP!=None",
    };

    /// <summary>Endpoints of services that are not headless.</summary>
    public static ApiResource<V1EndpointSlice> EndpointSlices { get; } = new("discovery.k8s.io", "v1", "endpointslices", ApiJson.Default.V1EndpointSlice)
    {
        LabelSelector = "!service.kubernetes.io/headless",
    };

    /// <summary>Where services have their addresses; new in Kubernetes 1.33.</summary>
    public static ApiResource<V1ServiceCIDR> ServiceCidrs { get; } = new("networking.k8s.io", "v1", "servicecidrs", ApiJson.Default.V1ServiceCIDR) { MayBeMissing = true };

    /// <summary>The one node.</summary>
    public static ApiResource<V1Node> Node(string name) => new("", "v1", "nodes", ApiJson.Default.V1Node) { FieldSelector = $"metadata.name={name}" };
}
