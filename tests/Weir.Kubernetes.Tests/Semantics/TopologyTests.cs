using System.Globalization;
using System.Text.Json;
using Weir.Kubernetes.Semantics;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Semantics;

/// <summary>The cases of Kubernetes' TestCategorizeEndpoints.</summary>
public sealed class TopologyTests
{
    // With the feature gate PreferSameTrafficDistribution off, which Kubernetes 1.36 no longer can be, node hints mean nothing.
    private const string WithoutGate = "PreferSameNode_falls_back_to_same-zone_when_feature_gate_disabled";

    private static readonly IReadOnlyList<JsonElement> Cases = VectorFile.Read("topology.json", "cases");

    public static TheoryData<int, string> Names()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < Cases.Count; i++) data.Add(i, Cases[i].GetProperty("name").GetString()!.Split('/')[^1]);
        return data;
    }

    [Fact]
    public void All_vectors_are_there() => Assert.Equal(32, Cases.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void Endpoints_are_chosen(int index, string name)
    {
        var vector = Cases[index];
        var service = vector.GetProperty("service");
        var isInternalLocal = service.GetProperty("internalPolicyLocal").GetBoolean();
        var isExternal = service.GetProperty("nodePort").GetInt32() != 0 || VectorFile.Texts(service, "loadBalancerVIPs").Count > 0 || VectorFile.Texts(service, "externalIPs").Count > 0;
        var isExternalLocal = isExternal && service.GetProperty("externalPolicyLocal").GetBoolean();
        var endpoints = vector.GetProperty("endpoints").ValueKind == JsonValueKind.Array ? vector.GetProperty("endpoints").EnumerateArray().Select(Read).ToList() : [];
        if (name == WithoutGate) endpoints = [.. endpoints.Select(static e => e with { Endpoint = e.Endpoint with { NodeHints = [] } })];
        var zone = VectorFile.Labels(vector.GetProperty("nodeLabels")).GetValueOrDefault(Labels.Zone, "");

        var choice = EndpointChoice.Of(endpoints, !isInternalLocal || isExternal, isInternalLocal || isExternalLocal, vector.GetProperty("nodeName").GetString()!, zone);

        var expect = vector.GetProperty("expect");
        Assert.Equal(VectorFile.Texts(expect, "clusterEndpoints"), Texts(choice.Cluster));
        Assert.Equal(VectorFile.Texts(expect, "localEndpoints"), Texts(choice.Local));
        Assert.Equal(VectorFile.Texts(expect, "allReachableEndpoints").Order(), Texts([.. choice.Cluster.Union(choice.Local)]).Order());
        Assert.Equal(expect.GetProperty("hasAnyEndpoints").GetBoolean(), choice.HasAny);
    }

    private static PortEndpoint Read(JsonElement endpoint)
    {
        var key = endpoint.GetProperty("endpoint").GetString()!.Split(':');
        var value = new Endpoint
        {
            Address = Address.Parse(key[0]),
            IsReady = endpoint.GetProperty("ready").GetBoolean(),
            IsServing = endpoint.GetProperty("serving").GetBoolean(),
            IsTerminating = endpoint.GetProperty("terminating").GetBoolean(),
            ZoneHints = [.. VectorFile.Texts(endpoint, "zoneHints")],
            NodeHints = [.. VectorFile.Texts(endpoint, "nodeHints")],
        };
        return new PortEndpoint(value, ushort.Parse(key[1], CultureInfo.InvariantCulture), endpoint.GetProperty("isLocal").GetBoolean());
    }

    private static IEnumerable<string> Texts(IReadOnlyList<PortEndpoint> endpoints) => endpoints.Select(static e => $"{e.Endpoint.Address}:{e.Port}");
}
