using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Weir.Control.Instances;
using Weir.Control.Services;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.Kernel.Tests.Networks;
using Weir.Model;
using Weir.Model.Proxying;
using Xunit.Abstractions;
using static Weir.Kernel.Tests.Services.ProxyNode;

namespace Weir.Kernel.Tests.Services;

/// <summary>What a Service proxy asks for, met by real clients: one elsewhere, a pod of the node, and the node itself.</summary>
[Collection("network")]
public sealed class ProxyStoreTests(ITestOutputHelper output) : IDisposable
{
    private readonly ProxyNode _node = new("px");

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData(SourceTranslation.None, "10.1.0.2 10.2.1.2")]
    [InlineData(SourceTranslation.ExceptPods, "10.2.0.1 10.2.1.2")]
    [InlineData(SourceTranslation.Node, "10.1.0.2 10.2.1.2")]
    [InlineData(SourceTranslation.All, "10.2.0.1 10.2.0.1")]
    public void The_source_is_an_address_of_the_node_where_the_service_asks_for_it(SourceTranslation kind, string seen)
    {
        _node.ApplyWhole(Service("pod3") with { Masquerade = kind });
        var sources = new List<string>();
        foreach (var place in new[] { _node.Far, _node.Pod })
        {
            using var connection = Connect(place, out var name);
            Assert.Equal(("pod3", $"{Virtual}:80"), (name, $"{connection.RemoteEndPoint}"));
            sources.Add($"{_node.Server("pod3").LastClient!.Address}");
        }
        Assert.Equal(seen, string.Join(' ', sources));
        // The node has its own address in any case.
        using var near = Connect(_node.Node, out _);
        Assert.Equal("10.2.0.1", $"{_node.Server("pod3").LastClient!.Address}");
    }

    [Fact]
    public void Pods_are_known_by_their_device_as_well()
    {
        _node.Apply(new() { Set = [Service("pod3") with { Masquerade = SourceTranslation.ExceptPods }], IsWhole = true, Settings = new() { PodInterface = "pod+" } });
        Assert.Equal("pod3", Reach(_node.Far));
        Assert.Equal("10.2.0.1", $"{_node.Server("pod3").LastClient!.Address}");
        Assert.Equal("pod3", Reach(_node.Pod));
        Assert.Equal("10.2.1.2", $"{_node.Server("pod3").LastClient!.Address}");
        // A device that comes later is known by what was said before, whoever covers it.
        _node.Node.Run("ip link add pod7 type veth peer name pod7p");
        _node.Ipvsadm("-Z");
        Assert.Equal(["pod1", "pod7", "pod7p", "pods"], DevicesOfPods());
        _node.Apply(new() { Settings = NodeSettings });
        Assert.Equal([], DevicesOfPods());
    }

    [Fact]
    public void A_pod_that_is_its_own_server_reaches_itself()
    {
        _node.ApplyWhole(Service("pod2"), Service("pod2", ServiceProtocol.Udp, 53));
        Assert.Equal("pod2", Reach(_node.Pods, source: "10.2.0.2"));
        Assert.Equal("10.2.0.1", $"{_node.Server("pod2").LastClient!.Address}");
        using var datagrams = Datagrams(_node.Pods);
        datagrams.Bind(new IPEndPoint(IPAddress.Parse("10.2.0.2"), 0));
        Assert.Equal("pod2", Ask(datagrams));
        Assert.Equal("10.2.0.1", $"{_node.Server("pod2").LastClient!.Address}");
    }

    [Fact]
    public void The_node_s_own_servers_see_their_clients()
    {
        _node.ApplyWhole(Service("node") with { Masquerade = SourceTranslation.All });
        Assert.Equal("node", Reach(_node.Far));
        Assert.Equal("10.1.0.2", $"{_node.Server("node").LastClient!.Address}");
        Assert.Equal("node", Reach(_node.Pod));
        Assert.Equal("10.2.1.2", $"{_node.Server("node").LastClient!.Address}");
        Assert.Equal("node", Reach(_node.Node));
    }

    [Fact]
    public void Datagrams_of_the_node_are_translated_on_their_way()
    {
        _node.ApplyWhole(Service("pod3 pod4", ServiceProtocol.Udp, 53) with { Masquerade = SourceTranslation.ExceptPods });
        using var connected = Datagrams(_node.Node, connectedTo: Virtual);
        var buffer = new byte[64];
        connected.ReceiveTimeout = 5000;
        connected.Send([1]);
        Assert.Equal(4, connected.Receive(buffer));
        var first = buffer[3] == '3' ? "pod3" : "pod4";
        // A connected socket goes on with another server when its own is taken away.
        _node.Apply(new() { Set = [Service(first == "pod3" ? "pod4" : "pod3", ServiceProtocol.Udp, 53)] });
        connected.Send([1]);
        Assert.Equal(4, connected.Receive(buffer));
        Assert.NotEqual(first[3], (char)buffer[3]);
        using var free = Datagrams(_node.Node);
        Assert.StartsWith("pod", Ask(free), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_named_sources_may_come()
    {
        _node.ApplyWhole(Service("pod3") with { Sources = [Prefix("10.1.0.0/30"), Prefix("192.0.2.0/24")] });
        Assert.Equal(("pod3", "nothing"), (Reach(_node.Far), Reach(_node.Pod)));
        // The node leaves towards its default route with 10.1.0.1.
        Assert.Equal("pod3", Reach(_node.Node));
        _node.ApplyWhole(Service("pod3") with { Sources = [Prefix("10.2.1.0/24")] });
        Assert.Equal(("nothing", "pod3", "nothing"), (Reach(_node.Far), Reach(_node.Pod), Reach(_node.Node)));
        _node.ApplyWhole(Service("pod3"));
        Assert.Equal(("pod3", "pod3", "pod3"), (Reach(_node.Far), Reach(_node.Pod), Reach(_node.Node)));
        // Only the pods' prefix is left.
        Assert.Equal(1, _node.Node.Inside(() =>
        {
            using var instance = Instance.TryOpen(StateFolder.Current())!;
            return instance.CountEntries(nameof(Maps.Networks));
        }));
    }

    [Theory]
    [InlineData(NoServerAction.Reject, false, "refused refused refused")]
    [InlineData(NoServerAction.Drop, false, "nothing nothing nothing")]
    [InlineData(NoServerAction.Drop, true, "nothing refused refused")]
    public void Without_servers_clients_are_told_or_not(NoServerAction action, bool hasNear, string outcome)
    {
        _node.ApplyWhole(Service("") with { NoServer = action, NearServers = hasNear ? Servers("") : null });
        Assert.Equal(outcome, string.Join(' ', Reach(_node.Far), Reach(_node.Pod), Reach(_node.Node)));
    }

    [Fact]
    public void Near_clients_have_servers_of_their_own_that_listings_do_not_show()
    {
        _node.ApplyWhole(Service("pod3") with { NearServers = Servers("pod4"), Masquerade = SourceTranslation.Node });
        Assert.Equal(("pod3", "pod4", "pod4"), (Reach(_node.Far), Reach(_node.Pod), Reach(_node.Node)));
        Assert.Matches(@"\nTCP  10\.96\.0\.10:80 rr\n  -> 10\.2\.0\.3:8000 +Masq    1      0          1 +\n$", _node.Ipvsadm("-Ln"));
        Assert.Contains(" 10.2.0.4:8000", _node.Ipvsadm("-Lnc"), StringComparison.Ordinal);
        _node.ApplyWhole(Service("pod3"));
        Assert.Equal(("pod3", "pod3", "pod3"), (Reach(_node.Far), Reach(_node.Pod), Reach(_node.Node)));
        _node.Ipvsadm("-D -t 10.96.0.10:80");
        Assert.Equal(0, _node.Node.Inside(() =>
        {
            using var instance = Instance.TryOpen(StateFolder.Current())!;
            return instance.CountEntries(nameof(Maps.Services));
        }));
    }

    [Fact]
    public void Addresses_of_services_are_for_services()
    {
        _node.Apply(new()
        {
            Set = [Service("pod3")],
            IsWhole = true,
            Settings = NodeSettings with { BoundAddresses = [Address.Parse(Virtual)], ServicePrefixes = [Prefix("10.96.0.0/16")] },
        });
        foreach (var place in new[] { _node.Far, _node.Pod, _node.Node })
        {
            Assert.Equal(("pod3", "refused", "nothing"), (Reach(place), Reach(place, 81), Reach(place, 80, "10.96.0.11")));
            using var datagrams = Datagrams(place, connectedTo: Virtual);
            Assert.Equal("refused", Ask(datagrams));
        }
        // Rules come and go meanwhile: the guard stays.
        _node.Apply(new() { Removed = [Service("").Service.Key] });
        Assert.Equal("refused", Reach(_node.Far));
        _node.Apply(new() { Settings = NodeSettings });
        Assert.NotEqual("refused", Reach(_node.Far));
    }

    [Fact]
    public async Task Who_served_an_address_before_serves_it_until_its_service_is_there()
    {
        _node.Node.Run("iptables-legacy -t nat -A PREROUTING -d 10.96.0.10 -p tcp --dport 80 -j DNAT --to-destination 10.2.0.2:8000");
        ProxiedService[] services = [.. Many(10_000), Service("pod3")];
        using var end = new CancellationTokenSource();
        var answers = Blocking.Run(() =>
        {
            var seen = new List<string>();
            while (!end.IsCancellationRequested) seen.Add(Reach(_node.Far));
            return seen;
        });
        _node.Apply(new() { Set = services, IsWhole = true, Settings = NodeSettings with { BoundAddresses = [.. services.Select(service => service.Service.Key.Address)] } });
        Assert.Equal("pod3", Reach(_node.Far));
        await end.CancelAsync();
        Assert.Equal(["pod2", "pod3"], (await answers).Distinct());
    }

    [Fact]
    public void Datagrams_that_began_before_their_service_get_a_server()
    {
        _node.ApplyWhole(Service("pod3"));
        using var socket = Datagrams(_node.Far);
        Assert.Equal("nothing", Ask(socket));
        Assert.Equal(1, Flows());
        _node.Apply(new() { Set = [Service("pod3", ServiceProtocol.Udp, 53)] });
        Assert.Equal(0, Flows());
        Assert.Equal("pod3", Ask(socket));
    }

    [Fact]
    public void Datagrams_leave_a_server_that_goes()
    {
        _node.ApplyWhole(Service("pod3", ServiceProtocol.Udp, 53), Service("pod2", ServiceProtocol.Udp, 54));
        using var socket = Datagrams(_node.Far);
        using var other = Datagrams(_node.Far);
        Assert.Equal(("pod3", "pod2"), (Ask(socket), Ask(other, 54)));
        _node.Apply(new() { Set = [Service("pod4", ServiceProtocol.Udp, 53)] });
        Assert.Equal(1, Flows());
        Assert.Equal(("pod4", "pod2"), (Ask(socket), Ask(other, 54)));
        _node.Apply(new() { Removed = [Service("", ServiceProtocol.Udp, 53).Service.Key] });
        Assert.Equal(1, Flows());
        Assert.DoesNotContain("10.2.0.4", _node.Ipvsadm("-Lnc"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_leaves_keeps_its_connections_until_they_end()
    {
        _node.ApplyWhole(Service("pod3 pod4"));
        using var first = Connect(_node.Far, out var name);
        Assert.Equal("pod4", name);
        _node.Apply(new() { Set = [Service("pod3")] });
        Assert.Equal((1, 0, 0), Listed("10.2.0.4"));
        Assert.Equal("pod3 pod3", $"{Reach(_node.Far)} {Reach(_node.Far)}");
        first.Send([1, 2, 3]);
        Assert.Equal(1, _node.Sweep());
        // Another run finds it leaving; wanted again, it stays.
        _node.ApplyWhole(Service("pod3"));
        Assert.Equal((1, 0, 0), Listed("10.2.0.4"));
        _node.ApplyWhole(Service("pod3 pod4"));
        Assert.Equal((1, 0, 1), Listed("10.2.0.4"));
        _node.ApplyWhole(Service("pod3"));
        var port = first.LocalEndPoint!.ToString();
        first.LingerState = new(true, 0);
        first.Close();
        Assert.True(Wait.Until(() => Listed("10.2.0.4") == (0, 1, 0)));
        Assert.Equal(1, _node.Sweep());
        // The closed connection is remembered for a while, as by ip_vs, but the client may use its port again at once.
        Assert.Equal("pod3", Reach(_node.Far, source: port));
        Assert.Equal(0, _node.Sweep());
        Assert.DoesNotContain("10.2.0.4", _node.Ipvsadm("-Ln"), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_run_leaves_alone_what_is_as_wanted()
    {
        ProxiedService[] wanted = [Service("pod3 pod4") with { Sources = [Prefix("10.0.0.0/8")], NearServers = Servers("pod2") }, Service("pod3", ServiceProtocol.Udp, 53)];
        _node.ApplyWhole(wanted);
        using var connection = Connect(_node.Far, out var name);
        using var socket = Datagrams(_node.Far);
        Assert.Equal(("pod4", "pod3"), (name, Ask(socket)));
        var before = (_node.Ipvsadm("-Ln --stats"), _node.Ipvsadm("-Ln"));
        Assert.Contains("10.2.0.4:8000", before.Item2, StringComparison.Ordinal);
        _node.ApplyWhole(wanted);
        Assert.Equal(before, (_node.Ipvsadm("-Ln --stats"), _node.Ipvsadm("-Ln")));
        Assert.Equal("pod3", Ask(socket));
        // Round robin goes on where it was.
        Assert.Equal("pod3", Reach(_node.Far));
    }

    [Fact]
    public void A_whole_change_takes_over_and_removes_what_is_not_excluded()
    {
        _node.Ipvsadm("-A -t 10.96.0.10:80 -s wlc -p 60");
        _node.Ipvsadm("-a -t 10.96.0.10:80 -r 10.2.0.3:8000 -m -w 7");
        _node.Ipvsadm("-A -t 10.1.0.1:1234 -s rr");
        _node.Ipvsadm("-A -t 10.9.0.1:1234 -s rr");
        _node.Apply(new() { Set = [Service("pod3")], IsWhole = true, Settings = NodeSettings with { ExcludedPrefixes = [Prefix("10.9.0.0/16")] } });
        Assert.Equal(["-A -t 10.9.0.1:1234 -s rr", "-A -t 10.96.0.10:80 -s rr", "-a -t 10.96.0.10:80 -r 10.2.0.3:8000 -m -w 1"], Saved());
        _node.Apply(new() { IsWhole = true });
        Assert.Equal(["-A -t 10.9.0.1:1234 -s rr"], Saved());
    }

    [Fact]
    public void What_is_not_supported_is_refused_alone()
    {
        var other = Service("pod3", port: 9);
        other = other with { Service = other.Service with { Scheduler = "lblc" } };
        var refused = _node.TryApply(new() { Set = [other, Service("pod3")], IsWhole = true, Settings = NodeSettings });
        var (key, result) = Assert.Single(refused);
        Assert.Equal((other.Service.Key, ServiceStatus.NotSupported), (key, result.Status));
        Assert.Equal("pod3", Reach(_node.Far));
    }

    [Fact]
    public void Ten_thousand_services_take_a_moment_and_one_of_them_next_to_nothing()
    {
        var services = Many(10_000).ToArray();
        var settings = NodeSettings with { BoundAddresses = [.. services.Select(service => service.Service.Key.Address)] };
        _node.ApplyWhole();
        var store = _node.Node.Inside(() => new ProxyStore(StateFolder.Current()));
        var all = Time(() => store.Apply(new() { Set = services, IsWhole = true, Settings = settings }));
        var again = Time(() => store.Apply(new() { Set = services, IsWhole = true, Settings = settings }));
        var one = Enumerable.Range(1, 9).Select(i => Time(() => store.Apply(new() { Set = [services[i * 1000] with { Servers = Two(i) }] }))).Order().ElementAt(4);
        var added = Time(() => store.Apply(new() { Set = [Service("pod3")], Settings = settings with { BoundAddresses = [.. settings.BoundAddresses, Address.Parse(Virtual)] } }));
        var swept = Time(() => store.Sweep());
        output.WriteLine($"10,000 services: {all} ms, again {again} ms, one change {one} ms, one more {added} ms, swept {swept} ms");
        Assert.Equal("pod3", Reach(_node.Far));
        // Generous, because other work goes on beside tests.
        Assert.InRange(all, 0, 10_000);
        Assert.InRange(one, 0, 100);

        double Time(Action change) => _node.Node.Inside(() =>
        {
            var watch = Stopwatch.StartNew();
            change();
            return watch.Elapsed.TotalMilliseconds;
        });
    }

    /// <summary>Services with two servers each, from 10.96.1.1 on.</summary>
    private static IEnumerable<ProxiedService> Many(int count) =>
        Enumerable.Range(0, count).Select(i => Service("", address: $"10.96.{i / 200 + 1}.{i % 200 + 1}") with { Servers = Two(i) });

    private static ValueList<RealServer> Two(int i) =>
        [.. new[] { 1, 2 }.Select(j => new RealServer { Key = new(Address.FromIPv4(0x0a800000u + (uint)i * 2 + (uint)j), 8080), Forwarding = ForwardingMethod.Masquerade })];

    private string[] Saved() => [.. _node.Ipvsadm("-Sn").Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];

    private (int Active, int Inactive, int Weight) Listed(string server)
    {
        var row = _node.Ipvsadm("-Ln").Split('\n').Single(line => line.Contains($"-> {server}:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (int.Parse(row[4]), int.Parse(row[5]), int.Parse(row[3]));
    }

    private string[] DevicesOfPods() => _node.Node.Inside(() =>
    {
        using var instance = Instance.TryOpen(StateFolder.Current())!;
        return instance.Map(nameof(Maps.Devices)).AsHash<uint, Device>().ToArray().Where(entry => (entry.Value.Flags & DeviceFlags.Pods) != 0).Select(entry => NameOf(entry.Value)).Order(StringComparer.Ordinal).ToArray();

        static unsafe string NameOf(Device device) => new((sbyte*)device.Name);
    });

    /// <summary>Datagram flows to services' addresses.</summary>
    private int Flows() => _node.Node.Inside(() =>
    {
        using var instance = Instance.TryOpen(StateFolder.Current())!;
        return instance.Map(nameof(Maps.Flows)).AsHash<FlowTuple, Flow>().Keys().Count(tuple => tuple.Protocol == 17 && (tuple.Destination.Word3Be & 0xffff) == 0x600a);
    });
}
