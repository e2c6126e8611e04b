using System.Globalization;
using System.Text.Json;
using k8s.Models;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>The cases of Kubernetes' TestCategorizeEndpoints as packets: a pod's to the cluster address, and where the Service has one, an outside client's to an external one.</summary>
[Collection("network")]
public sealed class TopologyVectorTests(VectorNode node) : IClassFixture<VectorNode>
{
    // With the feature gate off, which Kubernetes 1.36 no longer can be, node hints mean nothing.
    private const string WithoutGate = "PreferSameNode_falls_back_to_same-zone_when_feature_gate_disabled";
    private const string Other = "another-node";

    private static readonly IReadOnlyList<JsonElement> s_cases = VectorFile.Read("topology.json", "cases");

    public static TheoryData<int, string> Names()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < s_cases.Count; i++) data.Add(i, s_cases[i].GetProperty("name").GetString()!.Split('/')[^1]);
        return data;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Packets_go_to_the_endpoints_that_are_chosen(int index, string name)
    {
        foreach (var (flow, verdict) in node.Run(GroupOf(s_cases[index], name))) Assert.Equal((flow.Name, flow.Expected), (flow.Name, verdict));
    }

    private static FlowGroup GroupOf(JsonElement vector, string name)
    {
        // The node, its addresses and its pods' prefix are those of the flow tests.
        var any = FlowGroup.All.First(static group => group.Options.PodPrefixes.Count > 0 && group.Id.StartsWith("nftables:TestNoEndpointsReject", StringComparison.Ordinal));
        var own = vector.GetProperty("nodeName").GetString() is { Length: > 0 } given ? given : any.Options.NodeName;
        var service = vector.GetProperty("service");
        var isInternalLocal = service.GetProperty("internalPolicyLocal").GetBoolean();
        var isExternalLocal = service.GetProperty("externalPolicyLocal").GetBoolean();
        var isExternal = service.GetProperty("nodePort").GetInt32() != 0 || VectorFile.Texts(service, "loadBalancerVIPs").Count > 0 || VectorFile.Texts(service, "externalIPs").Count > 0;
        var expect = vector.GetProperty("expect");
        var cluster = VectorFile.Texts(expect, "clusterEndpoints");
        var local = VectorFile.Texts(expect, "localEndpoints");
        var hasAny = expect.GetProperty("hasAnyEndpoints").GetBoolean();
        var flows = new List<Flow> { FlowTo("a pod to the cluster address", "10.0.99.2", "172.30.0.41", isInternalLocal ? local : cluster, hasAny, false) };
        if (isExternal) flows.Add(FlowTo("an outside client to the external address", "203.0.113.2", "1.2.3.4", isExternalLocal ? local : cluster, hasAny, !isExternalLocal));
        return any with
        {
            Id = name,
            Options = any.Options with { NodeName = own },
            Node = new V1Node { Metadata = new V1ObjectMeta { Name = own, Labels = VectorFile.Labels(vector.GetProperty("nodeLabels")) } },
            Services = [Service(isInternalLocal, isExternalLocal, isExternal)],
            Slices = SlicesOf(vector, own, hasNodeHints: name != WithoutGate),
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

    private static V1Service Service(bool isInternalLocal, bool isExternalLocal, bool isExternal) => new()
    {
        Metadata = new V1ObjectMeta { Name = "svc", NamespaceProperty = "ns" },
        Spec = new V1ServiceSpec
        {
            Type = isExternal ? "LoadBalancer" : "ClusterIP",
            ClusterIP = "172.30.0.41",
            Ports = [new V1ServicePort { Name = "p80", Port = 80, Protocol = "TCP" }],
            InternalTrafficPolicy = isInternalLocal ? "Local" : "Cluster",
            ExternalTrafficPolicy = isExternalLocal ? "Local" : "Cluster",
        },
        Status = isExternal ? new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "1.2.3.4" }] } } : null,
    };

    private static V1EndpointSlice[] SlicesOf(JsonElement vector, string own, bool hasNodeHints)
    {
        if (vector.GetProperty("endpoints").ValueKind != JsonValueKind.Array) return [];
        var byPort = vector.GetProperty("endpoints").EnumerateArray().GroupBy(static endpoint => endpoint.GetProperty("endpoint").GetString()!.Split(':')[1]);
        return
        [
            .. byPort.Select(port => new V1EndpointSlice
            {
                Metadata = new V1ObjectMeta { Name = $"svc-{port.Key}", NamespaceProperty = "ns", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "svc" } },
                AddressType = "IPv4",
                Ports = [new Discoveryv1EndpointPort { Name = "p80", Port = int.Parse(port.Key, CultureInfo.InvariantCulture), Protocol = "TCP" }],
                Endpoints = [.. port.Select(endpoint => EndpointOf(endpoint, own, hasNodeHints))],
            }),
        ];
    }

    private static V1Endpoint EndpointOf(JsonElement endpoint, string own, bool hasNodeHints) => new()
    {
        Addresses = [endpoint.GetProperty("endpoint").GetString()!.Split(':')[0]],
        NodeName = endpoint.GetProperty("isLocal").GetBoolean() ? own : Other,
        Conditions = new V1EndpointConditions
        {
            Ready = endpoint.GetProperty("ready").GetBoolean(),
            Serving = endpoint.GetProperty("serving").GetBoolean(),
            Terminating = endpoint.GetProperty("terminating").GetBoolean(),
        },
        Hints = new V1EndpointHints
        {
            ForZones = [.. VectorFile.Texts(endpoint, "zoneHints").Select(static zone => new V1ForZone { Name = zone })],
            ForNodes = hasNodeHints ? [.. VectorFile.Texts(endpoint, "nodeHints").Select(static each => new V1ForNode { Name = each })] : null,
        },
    };
}
