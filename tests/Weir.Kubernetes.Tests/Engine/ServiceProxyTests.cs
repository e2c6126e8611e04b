using k8s.Models;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Semantics;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Tests.Engine;

/// <summary>When the proxy acts, and on what.</summary>
public sealed class ServiceProxyTests
{
    private static readonly ProxyOptions Options = new() { NodeName = "here", NodeAddresses = [Address.Parse("192.0.2.1"), Address.Parse("2001:db8::1")] };

    private readonly ProxyBench _bench = new(Options);

    public ServiceProxyTests() => _bench.Network.Local.AddRange([Address.Parse("127.0.0.1"), Address.Parse("192.0.2.1"), Address.Parse("192.0.2.2"), Address.Parse("fe80::1"), Address.Parse("2001:db8::1")]);

    [Fact]
    public void Nothing_happens_before_both_kinds_are_synced()
    {
        _bench.Proxy.Replace([Make.Service("a", "10.0.0.1")]);
        Assert.Equal(Timeout.InfiniteTimeSpan, _bench.Proxy.Step());
        _bench.Proxy.Set(Make.Slice("a", "10.1.0.1"));
        _bench.Proxy.Step();
        Assert.Empty(_bench.Store.Changes);
        Assert.Null(_bench.Proxy.LastSync);

        _bench.Proxy.Replace([Make.Slice("a", "10.1.0.1")]);
        _bench.Proxy.Step();
        var change = Assert.Single(_bench.Store.Changes);
        Assert.True(change.IsWhole);
        Assert.Equal("10.1.0.1", Servers("10.0.0.1", 80));
        Assert.Equal([Address.Parse("10.0.0.1")], _bench.Network.Bound);
        Assert.Equal([Address.Parse("10.0.0.1")], _bench.Store.Settings.BoundAddresses);
    }

    [Fact]
    public void A_change_is_applied_at_once_and_names_only_what_it_concerns()
    {
        _bench.Start([Make.Service("a", "10.0.0.1"), Make.Service("b", "10.0.0.2")], [Make.Slice("a", "10.1.0.1"), Make.Slice("b", "10.1.0.2")]);
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        _bench.Proxy.Set(Make.Slice("b", "10.1.0.2", "10.1.0.3"));
        Assert.Equal(1, _bench.Proxy.EndpointChanges.Pending);
        _bench.Proxy.Step();

        var change = _bench.Store.Changes[^1];
        Assert.False(change.IsWhole);
        Assert.Null(change.Settings);
        Assert.Equal(Address.Parse("10.0.0.2"), Assert.Single(change.Set).Service.Key.Address);
        Assert.Equal("10.1.0.2 10.1.0.3", Servers("10.0.0.2", 80));
        Assert.Equal(0, _bench.Proxy.EndpointChanges.Pending);
    }

    [Fact]
    public void Changes_in_a_row_are_bounded()
    {
        _bench.Start([Make.Service("a", "10.0.0.1")], []);
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 1; i <= 50; i++)
        {
            _bench.Proxy.Set(Make.Slice("a", $"10.1.0.{i}"));
            var wait = _bench.Proxy.Step();
            if (_bench.Proxy.EndpointChanges.Pending > 0) Assert.InRange(wait, TimeSpan.Zero, Options.MinSyncPeriod);
            _bench.Time.Advance(TimeSpan.FromMilliseconds(10));
        }
        _bench.Settle();
        // The first at once, then one each 100 ms of half a second.
        Assert.InRange(_bench.Store.Changes.Count - 1, 5, 7);
        Assert.Equal("10.1.0.50", Servers("10.0.0.1", 80));
    }

    [Fact]
    public void An_object_that_comes_again_as_it_was_is_no_change()
    {
        _bench.Start([Make.Service("a", "10.0.0.1")], [Make.Slice("a", "10.1.0.1")]);
        var total = _bench.Proxy.ServiceChanges.Total;
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        _bench.Proxy.Replace([Make.Service("a", "10.0.0.1", static s => s.Metadata.ResourceVersion = "7")]);
        _bench.Proxy.Set(Make.Slice("a", "10.1.0.1"));
        _bench.Proxy.Step();
        Assert.Single(_bench.Store.Changes);
        Assert.Equal(total, _bench.Proxy.ServiceChanges.Total);
    }

    [Fact]
    public void A_list_takes_away_what_it_does_not_name()
    {
        _bench.Start([Make.Service("a", "10.0.0.1"), Make.Service("b", "10.0.0.2")], [Make.Slice("a", "10.1.0.1"), Make.Slice("b", "10.1.0.2")]);
        _bench.Proxy.Replace([Make.Service("b", "10.0.0.2")]);
        _bench.Proxy.Replace(new List<V1EndpointSlice>());
        _bench.Settle();
        Assert.Equal("10.0.0.2:80", Listed());
        Assert.Equal("", Servers("10.0.0.2", 80));
        Assert.Equal([Address.Parse("10.0.0.2")], _bench.Network.Bound);
    }

    [Fact]
    public void Everything_is_compared_once_a_period()
    {
        _bench.Start([Make.Service("a", "10.0.0.1")], []);
        _bench.Time.Advance(TimeSpan.FromSeconds(29));
        _bench.Proxy.Step();
        Assert.Single(_bench.Store.Changes);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        _bench.Proxy.Step();
        Assert.True(_bench.Store.Changes[1].IsWhole);
        Assert.Equal(0, _bench.Store.Sweeps);
        _bench.Time.Advance(TimeSpan.FromSeconds(30));
        _bench.Proxy.Step();
        Assert.Equal(1, _bench.Store.Sweeps);
    }

    [Fact]
    public void What_fails_is_tried_again_ever_more_slowly()
    {
        var fails = true;
        _bench.Store.BeforeApply = () =>
        {
            if (fails) throw new InvalidOperationException("no kernel");
        };
        _bench.Proxy.Replace([Make.Service("a", "10.0.0.1")]);
        _bench.Proxy.Replace([Make.Slice("a", "10.1.0.1")]);
        var waits = new List<double>();
        for (var i = 0; i < 7; i++)
        {
            var wait = _bench.Proxy.Step();
            waits.Add(wait.TotalSeconds);
            _bench.Time.Advance(wait);
        }
        Assert.Equal([1, 2, 4, 8, 16, 30, 30], waits.Select(static wait => Math.Round(wait)));
        Assert.NotNull(_bench.Proxy.PendingSince);
        Assert.True(_bench.Reports[^1].IsFailed);
        fails = false;
        _bench.Time.Advance(TimeSpan.FromSeconds(60));
        _bench.Proxy.Step();
        Assert.Equal("10.1.0.1", Servers("10.0.0.1", 80));
        Assert.Null(_bench.Proxy.PendingSince);
        Assert.NotNull(_bench.Proxy.LastSync);
    }

    [Fact]
    public void A_service_that_the_data_path_never_takes_is_named_once_and_stops_nothing()
    {
        _bench.Store.Answer = static service => service.Service.Key.Protocol == ServiceProtocol.Sctp ? ServiceResult.NotSupported("SCTP") : ServiceResult.Done;
        _bench.Start([Make.Service("a", "10.0.0.1", static s => s.Spec.Ports = [Make.Port(80), Make.Port(81, "s", "SCTP")])], []);
        for (var i = 0; i < 5; i++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(30));
            _bench.Proxy.Step();
        }
        Assert.Equal("10.0.0.1:80", Listed());
        Assert.Single(_bench.Logger.Lines, static line => line.Contains("SCTP"));
        Assert.Null(_bench.Proxy.PendingSince);
    }

    [Fact]
    public void A_service_that_has_no_room_now_is_tried_again_and_others_go_on()
    {
        var isFull = true;
        _bench.Store.Answer = service => isFull && service.Service.Key.Address == Address.Parse("10.0.0.1") ? ServiceStatus.NoSpace : ServiceResult.Done;
        _bench.Start([Make.Service("a", "10.0.0.1"), Make.Service("b", "10.0.0.2")], []);
        Assert.Equal("10.0.0.2:80", Listed());
        Assert.NotNull(_bench.Proxy.PendingSince);
        _bench.Time.Advance(TimeSpan.FromMilliseconds(200));
        _bench.Proxy.Set(Make.Slice("b", "10.1.0.2"));
        _bench.Proxy.Step();
        Assert.Equal("10.1.0.2", Servers("10.0.0.2", 80));
        Assert.NotNull(_bench.Proxy.PendingSince);
        isFull = false;
        _bench.Settle();
        Assert.Equal("10.0.0.1:80 10.0.0.2:80", Listed());
        Assert.Null(_bench.Proxy.PendingSince);
    }

    [Fact]
    public void The_older_service_has_what_two_ask_for_until_it_lets_go()
    {
        V1Service Made(string name, string address, int year) => Make.Service(name, address, s =>
        {
            s.Spec.ExternalIPs = ["203.0.113.1"];
            s.Metadata.CreationTimestamp = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        });
        _bench.Start([Made("young", "10.0.0.1", 2025), Made("old", "10.0.0.2", 2020)], [Make.Slice("young", "10.1.0.1"), Make.Slice("old", "10.1.0.2")]);
        Assert.Equal("10.1.0.2", Servers("203.0.113.1", 80));
        Assert.Single(_bench.Logger.Lines, static line => line.Contains("Service ns/young: 203.0.113.1:80/TCP belongs to ns/old"));
        Assert.Equal(1, _bench.Proxy.RejectedInputs);

        _bench.Proxy.Set(Make.Slice("old", "10.1.0.3"));
        _bench.Settle();
        Assert.Equal("10.1.0.3", Servers("203.0.113.1", 80));
        Assert.Single(_bench.Logger.Lines);

        _bench.Proxy.Remove(Made("old", "", 0001));
        _bench.Settle();
        Assert.Equal("10.1.0.1", Servers("203.0.113.1", 80));
        Assert.Contains(Address.Parse("203.0.113.1"), _bench.Network.Bound);
    }

    [Fact]
    public void Nobody_takes_a_cluster_address_away()
    {
        _bench.Start(
            [
                Make.Service("thief", "10.0.0.1", static s => s.Spec.ExternalIPs = ["10.0.0.2"]),
                Make.Service("victim", "10.0.0.2", static s => s.Metadata.CreationTimestamp = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc)),
            ],
            [Make.Slice("thief", "10.1.0.1"), Make.Slice("victim", "10.1.0.2")]);
        Assert.Equal("10.1.0.2", Servers("10.0.0.2", 80));
    }

    [Fact]
    public void Node_ports_are_on_the_nodes_addresses_but_never_on_loopback()
    {
        _bench.Start([Make.Service("a", "10.0.0.1", static s => s.Spec.Ports = [Make.Port(80, nodePort: 30000)])], []);
        Assert.Equal("10.0.0.1:80 192.0.2.1:30000 192.0.2.2:30000", Listed());

        // An address that the node gets later has them from the next comparison on; one that is a service's is not bound once more.
        _bench.Network.Local.Add(Address.Parse("10.0.0.1"));
        _bench.Time.Advance(TimeSpan.FromSeconds(30));
        _bench.Proxy.Step();
        Assert.Equal("10.0.0.1:80 10.0.0.1:30000 192.0.2.1:30000 192.0.2.2:30000", Listed());
        Assert.Empty(_bench.Network.Bound);
    }

    [Fact]
    public void Node_ports_may_be_on_the_primary_addresses_alone()
    {
        var bench = new ProxyBench(Options with { IsNodePortPrimary = true });
        bench.Network.Local.AddRange(_bench.Network.Local);
        bench.Start([Make.Service("a", "10.0.0.1", static s =>
        {
            s.Spec.IpFamilies = ["IPv4", "IPv6"];
            s.Spec.ClusterIPs = ["10.0.0.1", "fd00::1"];
            s.Spec.Ports = [Make.Port(80, nodePort: 30000)];
        })], []);
        Assert.Equal("10.0.0.1:80 192.0.2.1:30000 2001:db8::1:30000 fd00::1:80", string.Join(' ', bench.Store.Services.Keys.Select(static k => $"{k.Address}:{k.Port}").Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void A_node_that_moves_to_another_zone_uses_other_endpoints()
    {
        static V1Node Node(string zone) => new() { Metadata = new V1ObjectMeta { Name = "here", Labels = new Dictionary<string, string> { [Labels.Zone] = zone } } };
        _bench.Proxy.Set(Node("a"));
        _bench.Start([Make.Service("s", "10.0.0.1")], [Make.Slice("s", "1", ["10.1.0.1", "10.1.0.2"], static slice =>
        {
            slice.Endpoints[0].Hints = new V1EndpointHints { ForZones = [new V1ForZone { Name = "a" }] };
            slice.Endpoints[1].Hints = new V1EndpointHints { ForZones = [new V1ForZone { Name = "b" }] };
        })]);
        Assert.Equal("10.1.0.1", Servers("10.0.0.1", 80));
        _bench.Proxy.Set(Node("b"));
        _bench.Settle();
        Assert.Equal("10.1.0.2", Servers("10.0.0.1", 80));
        _bench.Proxy.Set(Node("c"));
        _bench.Settle();
        Assert.Equal("10.1.0.1 10.1.0.2", Servers("10.0.0.1", 80));
    }

    [Fact]
    public void Whether_a_node_is_eligible_is_what_its_object_says()
    {
        Assert.True(_bench.Proxy.IsNodeEligible);
        _bench.Proxy.Replace(new List<V1Node>());
        Assert.True(_bench.Proxy.IsNodeEligible);
        _bench.Proxy.Set(new V1Node { Metadata = new V1ObjectMeta { Name = "there", DeletionTimestamp = DateTime.UnixEpoch } });
        Assert.True(_bench.Proxy.IsNodeEligible);
        _bench.Proxy.Set(new V1Node { Metadata = new V1ObjectMeta { Name = "here" }, Spec = new V1NodeSpec { Taints = [new V1Taint { Key = Labels.ToBeDeletedTaint, Effect = "NoSchedule" }] } });
        Assert.False(_bench.Proxy.IsNodeEligible);
        _bench.Proxy.Set(new V1Node { Metadata = new V1ObjectMeta { Name = "here" } });
        Assert.True(_bench.Proxy.IsNodeEligible);
        _bench.Proxy.Remove(new V1Node { Metadata = new V1ObjectMeta { Name = "here" } });
        Assert.False(_bench.Proxy.IsNodeEligible);
    }

    [Fact]
    public void Health_checks_count_ready_endpoints_of_this_node()
    {
        var told = 0;
        _bench.Proxy.HealthChecksChanged += () => told++;
        V1EndpointSlice Slice(bool isReady) => Make.Slice("a", "1", ["10.1.0.1", "10.1.0.2", "10.1.0.3"], slice =>
        {
            foreach (var endpoint in slice.Endpoints.Take(2)) endpoint.NodeName = "here";
            slice.Endpoints[1].Conditions = new V1EndpointConditions { Ready = isReady, Serving = true, Terminating = true };
        });
        _bench.Start([Make.Service("a", "10.0.0.1", static s => (s.Spec.Type, s.Spec.ExternalTrafficPolicy, s.Spec.HealthCheckNodePort) = ("LoadBalancer", "Local", 31000)).Balanced("1.2.3.4")], [Slice(true)]);
        Assert.Equal([new HealthCheck("ns", "a", AddressFamily.IPv4, 31000, 2)], _bench.Proxy.HealthChecks);
        _bench.Proxy.Set(Slice(false));
        _bench.Settle();
        Assert.Equal(1, _bench.Proxy.HealthChecks[0].LocalEndpoints);
        Assert.Equal(2, told);
        _bench.Proxy.Set(Make.Slice("a", "2", ["10.1.0.9"]));
        _bench.Settle();
        Assert.Equal(2, told);
        _bench.Proxy.Remove(Make.Service("a", ""));
        _bench.Settle();
        Assert.Empty(_bench.Proxy.HealthChecks);
        Assert.Equal(3, told);
    }

    [Fact]
    public void Services_without_an_endpoint_here_are_counted()
    {
        _bench.Start(
            [
                Make.Service("inside", "10.0.0.1", static s => s.Spec.InternalTrafficPolicy = "Local"),
                Make.Service("outside", "10.0.0.2", static s => (s.Spec.Type, s.Spec.ExternalTrafficPolicy, s.Spec.Ports) = ("NodePort", "Local", [Make.Port(80, nodePort: 30000)])),
            ],
            [Make.Slice("inside", "10.1.0.1"), Make.Slice("outside", "10.1.0.2")]);
        Assert.Equal(new NoLocalEndpoints(1, 1, 0, 0), _bench.Proxy.NoLocalEndpoints);
        _bench.Proxy.Set(Make.Slice("inside", "1", ["10.1.0.1"], static slice => slice.Endpoints[0].NodeName = "here"));
        _bench.Proxy.Remove(Make.Slice("outside"));
        _bench.Settle();
        Assert.Equal(default, _bench.Proxy.NoLocalEndpoints);
    }

    [Fact]
    public void How_long_a_change_took_is_told()
    {
        _bench.Start([Make.Service("a", "10.0.0.1")], [Make.Slice("a", "1", ["10.1.0.1"], static slice => slice.Metadata.Annotations[Labels.LastChangeTriggerTime] = "2020-01-01T00:00:00Z")]);
        Assert.Empty(_bench.Reports[^1].ProgrammingDurations);
        var then = _bench.Time.GetUtcNow() + TimeSpan.FromSeconds(10);
        _bench.Time.Advance(TimeSpan.FromSeconds(12));
        _bench.Proxy.Set(Make.Slice("a", "1", ["10.1.0.2"], slice => slice.Metadata.Annotations[Labels.LastChangeTriggerTime] = then.ToString("O")));
        _bench.Proxy.Step();
        Assert.Equal([TimeSpan.FromSeconds(2)], _bench.Reports[^1].ProgrammingDurations);
    }

    [Fact]
    public void An_endpoint_in_two_slices_is_the_one_that_stays()
    {
        V1EndpointSlice Slice(string number, bool isTerminating) => Make.Slice("a", number, ["10.1.0.1"], slice =>
            slice.Endpoints[0].Conditions = new V1EndpointConditions { Ready = !isTerminating, Serving = true, Terminating = isTerminating });
        _bench.Start([Make.Service("a", "10.0.0.1")], [Slice("1", true), Slice("2", false), Make.Slice("a", "3", ["10.1.0.2"])]);
        Assert.Equal("10.1.0.1 10.1.0.2", Servers("10.0.0.1", 80));
    }

    [Fact]
    public void A_slice_may_change_its_service()
    {
        _bench.Start([Make.Service("a", "10.0.0.1"), Make.Service("b", "10.0.0.2")], [Make.Slice("a", "10.1.0.1")]);
        _bench.Proxy.Set(Make.Slice("a", "1", ["10.1.0.1"], static slice => slice.Metadata.Labels[Labels.ServiceName] = "b"));
        _bench.Settle();
        Assert.Equal(("", "10.1.0.1"), (Servers("10.0.0.1", 80), Servers("10.0.0.2", 80)));
        _bench.Proxy.Set(Make.Slice("a", "1", ["10.1.0.1"], static slice => slice.Metadata.Labels[Labels.Headless] = ""));
        _bench.Settle();
        Assert.Equal("", Servers("10.0.0.2", 80));
    }

    [Fact]
    public void Schedulers_and_weights_of_a_service_are_its_own()
    {
        var bench = new ProxyBench(Options with { Scheduler = "mh" });
        Assert.Single(bench.Logger.Lines);
        bench.Start(
            [Make.Service("a", "10.0.0.1"), Make.Service("b", "10.0.0.2", static s => (s.Metadata.Annotations[Labels.Scheduler], s.Metadata.Annotations[Labels.Weights]) = ("wlc", "10.1.0.1=5,10.1.0.2:8080=0"))],
            [Make.Slice("a", "10.1.0.1"), Make.Slice("b", "10.1.0.1", "10.1.0.2", "10.1.0.3")]);
        Assert.Equal("sh", bench.Service("10.0.0.1", 80).Service.Scheduler);
        Assert.Equal("wlc", bench.Service("10.0.0.2", 80).Service.Scheduler);
        Assert.Equal([5, 0, 1], bench.Service("10.0.0.2", 80).Servers.Select(static server => server.Weight));
    }

    [Fact]
    public async Task The_loop_acts_within_milliseconds()
    {
        var store = new FakeProxyStore();
        var proxy = new ServiceProxy(Options, store, new FakeNodeNetwork(), new FakeLogger<ServiceProxy>());
        var synced = new SemaphoreSlim(0);
        proxy.Synchronized += _ => synced.Release();
        using var end = new CancellationTokenSource();
        var loop = proxy.RunAsync(end.Token);
        proxy.Replace([Make.Service("a", "10.0.0.1")]);
        proxy.Replace([Make.Slice("a", "10.1.0.1")]);
        Assert.True(await synced.WaitAsync(TimeSpan.FromSeconds(30)));
        proxy.Set(Make.Slice("a", "10.1.0.2"));
        Assert.True(await synced.WaitAsync(TimeSpan.FromSeconds(30)));
        await end.CancelAsync();
        await loop;
        Assert.Equal(Address.Parse("10.1.0.2"), store.Services.Values.Single().Servers[0].Key.Address);
    }

    private string Servers(string address, ushort port) => string.Join(' ', _bench.Service(address, port).Servers.Select(static server => server.Key.Address));

    private string Listed() => string.Join(' ', _bench.Store.Services.Keys.Where(static k => k.Address.IsIPv4).OrderBy(static k => k.Address).ThenBy(static k => k.Port).Select(static k => $"{k.Address}:{k.Port}"));
}
