using Weir.Kubernetes.Tests.Vectors;

namespace Weir.Kubernetes.Tests.Semantics;

/// <summary>The packets of Kubernetes' own tests, traced over the virtual services.</summary>
public sealed class FlowTests
{
    public static TheoryData<string> Groups() => [.. FlowGroup.All.Select(static group => group.Id)];

    [Fact]
    public void All_vectors_are_there() => Assert.Equal((97, 446), (FlowGroup.All.Count, FlowGroup.All.Sum(static group => group.Flows.Count)));

    [Theory]
    [MemberData(nameof(Groups))]
    public void Packets_go_where_they_go_with_kube_proxy(string id)
    {
        var group = FlowGroup.All.Single(group => group.Id == id);
        var bench = group.Start();
        var tracer = new Tracer(bench.Store.Services, bench.Store.Settings, group.Local);
        foreach (var flow in group.Flows)
        {
            var expected = FlowDeviations.Find(id, flow.Name) ?? flow.Expected;
            Assert.Equal((flow.Name, expected), (flow.Name, tracer.Trace(flow.Source, flow.Protocol, flow.Destination, flow.Port)));
        }
    }

    [Fact]
    public void Each_deviation_is_one()
    {
        foreach (var (group, flow) in FlowDeviations.All)
        {
            var found = FlowGroup.All.Single(g => g.Id == group).Flows.Where(f => f.Name == flow);
            Assert.NotEmpty(found);
            Assert.All(found, f => Assert.NotEqual(f.Expected, FlowDeviations.Find(group, flow)));
        }
    }
}
