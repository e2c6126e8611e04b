using System.Text.Json;
using k8s.Models;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>Objects, a node, and packets on it. (runPacketFlowTests in pkg/proxy/nftables and pkg/proxy/iptables.)</summary>
internal sealed record FlowGroup
{
    public required string Id { get; init; }

    public required ProxyOptions Options { get; init; }

    /// <summary>The addresses of the node's devices.</summary>
    public required IReadOnlyList<Address> Local { get; init; }

    public required V1Node Node { get; init; }

    public required IReadOnlyList<V1Service> Services { get; init; }

    public required IReadOnlyList<V1EndpointSlice> Slices { get; init; }

    public required IReadOnlyList<V1ServiceCIDR> ServiceCidrs { get; init; }

    public required IReadOnlyList<Flow> Flows { get; init; }

    /// <summary>All 97 groups.</summary>
    public static IReadOnlyList<FlowGroup> All { get; } = [.. VectorFile.Read("flows.json", "groups").Select(Read)];

    /// <summary>A proxy that has synchronised the group's objects.</summary>
    public ProxyBench Start()
    {
        var bench = new ProxyBench(Options);
        bench.Network.Local.AddRange(Local);
        bench.Proxy.Set(Node);
        bench.Proxy.Replace(ServiceCidrs);
        return bench.Start(Services, Slices);
    }

    private static FlowGroup Read(JsonElement group)
    {
        var config = group.GetProperty("config");
        return new FlowGroup
        {
            Id = group.GetProperty("id").GetString()!,
            Options = VectorFile.Options(config),
            Local = [.. VectorFile.Texts(config, "interfaceAddrs").Select(static text => Address.Parse(text.Split('/')[0]))],
            Node = VectorFile.Node(config),
            Services = VectorFile.Services(group),
            Slices = VectorFile.Slices(group),
            ServiceCidrs = VectorFile.ServiceCidrs(config),
            Flows = [.. group.GetProperty("flows").EnumerateArray().Select(Flow.Read)],
        };
    }
}
