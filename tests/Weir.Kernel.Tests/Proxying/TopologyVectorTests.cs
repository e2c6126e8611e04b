using System.Globalization;
using k8s.Models;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>The cases of Kubernetes' TestCategorizeEndpoints as packets: a pod's to the cluster address, and where the Service has one, an outside client's to an external one.</summary>
[Collection("network")]
public sealed class TopologyVectorTests(VectorNode node) : IClassFixture<VectorNode>
{
    private const string Other = "another-node";

    public static TheoryData<string> Names() => [.. TopologyCase.All.Select(static each => each.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Packets_go_to_the_endpoints_that_are_chosen(string name)
    {
        foreach (var (flow, verdict) in node.Run(GroupOf(TopologyCase.All.Single(each => each.Name == name)))) Assert.Equal((flow.Name, flow.Expected), (flow.Name, verdict));
    }

    private static FlowGroup GroupOf(TopologyCase vector)
    {
        // The node, its addresses and its pods' prefix are those of the flow tests.
        var any = FlowGroup.All.First(static group => group.Options.PodPrefixes.Count > 0 && group.Id.StartsWith("nftables:TestNoEndpointsReject", StringComparison.Ordinal));
        var own = vector.NodeName.Length > 0 ? vector.NodeName : any.Options.NodeName;
        var flows = new List<Flow> { FlowTo("a pod to the cluster address", "10.0.99.2", "172.30.0.41", vector.IsInternalLocal ? vector.Local : vector.Cluster, vector.HasAny, false) };
        if (vector.IsExternal)
            flows.Add(FlowTo("an outside client to the external address", "203.0.113.2", "1.2.3.4", vector.IsExternalLocal ? vector.Local : vector.Cluster, vector.HasAny, !vector.IsExternalLocal));
        return any with
        {
            Id = vector.Name,
            Options = any.Options with { NodeName = own },
            Node = new V1Node { Metadata = new V1ObjectMeta { Name = own, Labels = vector.NodeLabels } },
            Services = [Service(vector)],
            Slices = [.. vector.Endpoints.GroupBy(static endpoint => endpoint.Port).Select(port => SliceOf(port.Key, port, own))],
            Flows = flows,
        };
    }

    private static Flow FlowTo(string name, string source, string destination, IReadOnlyList<string> endpoints, bool hasAny, bool isMasqueraded) => new()
    {
        Name = name,
        Source = Address.Parse(source),
        Protocol = ServiceProtocol.Tcp,
        Destination = Address.Parse(destination),
        Port = 80,
        Expected = endpoints.Count > 0 ? new FlowVerdict("DNAT", string.Join(", ", endpoints.Order(StringComparer.Ordinal)), isMasqueraded) : new FlowVerdict(hasAny ? "DROP" : "REJECT"),
    };

    private static V1Service Service(TopologyCase vector) => new()
    {
        Metadata = new V1ObjectMeta { Name = "svc", NamespaceProperty = "ns" },
        Spec = new V1ServiceSpec
        {
            Type = vector.IsExternal ? "LoadBalancer" : "ClusterIP",
            ClusterIP = "172.30.0.41",
            Ports = [new V1ServicePort { Name = "p80", Port = 80, Protocol = "TCP" }],
            InternalTrafficPolicy = vector.IsInternalLocal ? "Local" : "Cluster",
            ExternalTrafficPolicy = vector.IsExternalLocal ? "Local" : "Cluster",
        },
        Status = vector.IsExternal ? new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "1.2.3.4" }] } } : null,
    };

    private static V1EndpointSlice SliceOf(ushort port, IEnumerable<TopologyCase.TopologyEndpoint> endpoints, string own) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"svc-{port}"),
            NamespaceProperty = "ns",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "svc" },
        },
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "p80", Port = port, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(endpoint => EndpointOf(endpoint, own))],
    };

    private static V1Endpoint EndpointOf(TopologyCase.TopologyEndpoint endpoint, string own) => new()
    {
        Addresses = [endpoint.Address],
        NodeName = endpoint.IsLocal ? own : Other,
        Conditions = new V1EndpointConditions { Ready = endpoint.IsReady, Serving = endpoint.IsServing, Terminating = endpoint.IsTerminating },
        Hints = new V1EndpointHints
        {
            ForZones = [.. endpoint.ZoneHints.Select(static zone => new V1ForZone { Name = zone })],
            ForNodes = [.. endpoint.NodeHints.Select(static each => new V1ForNode { Name = each })],
        },
    };
}
