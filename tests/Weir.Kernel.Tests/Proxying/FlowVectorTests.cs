using Weir.Kubernetes.Tests.Vectors;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>The packets of Kubernetes' own tests, sent through the data path: clients elsewhere and pods by a device, the node's own by sockets.</summary>
[Collection("network")]
public sealed class FlowVectorTests(VectorNode node) : IClassFixture<VectorNode>
{
    public static TheoryData<string> Groups() => [.. FlowGroup.All.Select(static group => group.Id)];

    [Theory]
    [MemberData(nameof(Groups))]
    public void Packets_go_where_they_go_with_kube_proxy(string id)
    {
        var group = FlowGroup.All.Single(group => group.Id == id);
        foreach (var (flow, verdict) in node.Run(group)) Assert.Equal((flow.Name, Expected(group, flow)), (flow.Name, verdict));
    }

    internal static FlowVerdict Expected(FlowGroup group, Flow flow) => FlowDeviations.Find(group.Id, flow.Name) ?? flow.Expected;
}
