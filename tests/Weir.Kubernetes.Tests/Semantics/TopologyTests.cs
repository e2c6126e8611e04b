using Weir.Kubernetes.Semantics;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Semantics;

/// <summary>The cases of Kubernetes' TestCategorizeEndpoints.</summary>
public sealed class TopologyTests
{
    public static TheoryData<string> Names() => [.. TopologyCase.All.Select(static each => each.Name)];

    [Fact]
    public void All_vectors_are_there() => Assert.Equal(32, TopologyCase.All.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void Endpoints_are_chosen(string name)
    {
        var vector = TopologyCase.All.Single(each => each.Name == name);
        var endpoints = vector.Endpoints.Select(Read).ToList();
        var zone = vector.NodeLabels.GetValueOrDefault(Labels.Zone, "");

        var choice = EndpointChoice.Of(endpoints, !vector.IsInternalLocal || vector.IsExternal, vector.IsInternalLocal || vector.IsExternalLocal, vector.NodeName, zone);

        Assert.Equal(vector.Cluster, Texts(choice.Cluster));
        Assert.Equal(vector.Local, Texts(choice.Local));
        Assert.Equal(vector.Reachable.Order(), Texts([.. choice.Cluster.Union(choice.Local)]).Order());
        Assert.Equal(vector.HasAny, choice.HasAny);
    }

    private static PortEndpoint Read(TopologyCase.TopologyEndpoint endpoint)
    {
        var value = new Endpoint
        {
            Address = Address.Parse(endpoint.Address),
            IsReady = endpoint.IsReady,
            IsServing = endpoint.IsServing,
            IsTerminating = endpoint.IsTerminating,
            ZoneHints = [.. endpoint.ZoneHints],
            NodeHints = [.. endpoint.NodeHints],
        };
        return new PortEndpoint(value, endpoint.Port, endpoint.IsLocal);
    }

    private static IEnumerable<string> Texts(IReadOnlyList<PortEndpoint> endpoints) => endpoints.Select(static e => $"{e.Endpoint.Address}:{e.Port}");
}
