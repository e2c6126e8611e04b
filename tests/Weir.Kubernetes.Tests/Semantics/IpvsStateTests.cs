using System.Text.Json;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Tests.Semantics;

/// <summary>The virtual servers and the addresses of kube-ipvs0 that kube-proxy's ipvs mode makes of the same objects.</summary>
public sealed class IpvsStateTests
{
    private static readonly IReadOnlyList<JsonElement> Cases = [.. VectorFile.Read("ipvs.json", "ipvsTests"), .. VectorFile.Read("ipvs.json", "flowScenarios")];

    public static TheoryData<int, string> Names()
    {
        var data = new TheoryData<int, string>();
        for (var i = 0; i < Cases.Count; i++) data.Add(i, Cases[i].GetProperty("test").GetString()!);
        return data;
    }

    [Fact]
    public void All_vectors_are_there() => Assert.Equal(64 + 97, Cases.Count);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_table_is_that_of_ipvs_mode(int index, string name)
    {
        var vector = Cases[index];
        var config = vector.GetProperty("config");
        var bench = new ProxyBench(VectorFile.Options(config));
        bench.Network.Local.AddRange(VectorFile.Texts(config, "localAddresses").Select(Address.Parse));
        bench.Proxy.Set(VectorFile.Node(config));
        bench.Start(VectorFile.Services(vector), VectorFile.Slices(vector));

        var isIPv4 = config.GetProperty("ipFamily").GetString() == "IPv4";
        var actual = bench.Store.Services.Values.Where(service => service.Service.Key.Address.IsIPv4 == isIPv4).ToList();
        var expected = Elements(vector, "ipvs").ToDictionary(Title, Servers);
        foreach (var (_, _, service, servers) in IpvsDeviations.All.Where(deviation => deviation.Index == index && deviation.Test == name))
        {
            Assert.NotEqual(servers, expected[service]);
            if (servers is null) expected.Remove(service);
            else expected[service] = servers;
        }
        Assert.Equal(expected.Select(static pair => $"{pair.Key} -> {pair.Value}").Order(StringComparer.Ordinal),
            actual.Select(static service => $"{Title(service)} -> {Servers(service)}").Order(StringComparer.Ordinal));
        var bound = VectorFile.Texts(vector, "kubeIpvs0").Select(Address.Parse).Where(static address => !address.IsIPv4 || address.IPv4 >> 24 != 127);
        Assert.Equal(bound.Order(), bench.Network.Bound.Where(address => address.IsIPv4 == isIPv4).Order());
    }

    private static IEnumerable<JsonElement> Elements(JsonElement owner, string name) =>
        owner.GetProperty(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    private static string Title(JsonElement service) =>
        $"{service.GetProperty("protocol").GetString()} {service.GetProperty("address").GetString()} {service.GetProperty("port").GetInt32()} "
        + $"{service.GetProperty("scheduler").GetString()} flags {service.GetProperty("flags").GetInt32()} timeout {service.GetProperty("timeout").GetInt32()}";

    private static string Title(ProxiedService service) =>
        $"{service.Service.Key.Protocol.ToString().ToUpperInvariant()} {service.Service.Key.Address} {service.Service.Key.Port} "
        + $"{service.Service.Scheduler} flags {(int)service.Service.Flags} timeout {service.Service.PersistenceTimeout}";

    private static string Servers(JsonElement service) => string.Join(", ", Elements(service, "realServers").Select(static server =>
        $"{server.GetProperty("address").GetString()} {server.GetProperty("port").GetInt32()} weight {server.GetProperty("weight").GetInt32()}").Order(StringComparer.Ordinal));

    private static string Servers(ProxiedService service) =>
        string.Join(", ", service.Servers.Items.Select(static server => $"{server.Key.Address} {server.Key.Port} weight {server.Weight}").Order(StringComparer.Ordinal));
}
