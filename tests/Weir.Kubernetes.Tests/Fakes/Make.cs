using k8s.Models;

namespace Weir.Kubernetes.Tests.Fakes;

/// <summary>Makes objects as short as a test needs them.</summary>
internal static class Make
{
    /// <summary>A Service with the port 80 (protocol TCP, named "").</summary>
    public static V1Service Service(string name, string clusterIP, Action<V1Service>? change = null)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "ns", Annotations = new Dictionary<string, string>(), Labels = new Dictionary<string, string>() },
            Spec = new V1ServiceSpec { ClusterIP = clusterIP, Type = "ClusterIP", Ports = [Port(80)] },
        };
        change?.Invoke(service);
        return service;
    }

    public static V1ServicePort Port(int number, string name = "", string? protocol = null, int? nodePort = null) =>
        new() { Name = name, Port = number, Protocol = protocol, NodePort = nodePort };

    /// <summary>A slice of ready endpoints at port 8080 (protocol TCP, named "").</summary>
    public static V1EndpointSlice Slice(string service, params string[] addresses) => Slice(service, "1", addresses);

    public static V1EndpointSlice Slice(string service, string number, string[] addresses, Action<V1EndpointSlice>? change = null)
    {
        var slice = new V1EndpointSlice
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{service}-{number}",
                NamespaceProperty = "ns",
                Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service },
                Annotations = new Dictionary<string, string>(),
            },
            AddressType = addresses.Length > 0 && addresses[0].Contains(':') ? "IPv6" : "IPv4",
            Ports = [new() { Name = "", Port = 8080 }],
            Endpoints = [.. addresses.Select(address => new V1Endpoint { Addresses = [address] })],
        };
        change?.Invoke(slice);
        return slice;
    }

    /// <summary>Gives a Service a load balancer's address.</summary>
    public static V1Service Balanced(this V1Service service, params string[] addresses)
    {
        service.Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [.. addresses.Select(address => new V1LoadBalancerIngress { Ip = address })] } };
        return service;
    }
}
