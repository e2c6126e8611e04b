using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.DataPath.Sockets;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests.Services;

/// <summary>What a Service proxy adds to virtual services: who is near, whose source is translated, who may come in, and what becomes of the others.</summary>
[Collection("Maps")]
public sealed unsafe class ProxyServiceTests
{
    private const string Far = "198.51.100.7", Pod = "10.244.0.5", Virtual = "192.0.2.1", Unbound = "192.0.2.77", First = "10.0.0.11", Second = "10.0.0.12", Node = "10.0.0.1";

    /// <summary>A device that pods come in by.</summary>
    private const uint Bridge = 4;
    private const uint NearSlot = 2;
    private const uint NearServer = 9;

    private readonly TestImage _image = new TestImage().Tracked();

    public ProxyServiceTests() => _image.Flags |= ActiveImage.Services;

    private static ServiceBench Serve(Action<ServiceBench>? change = null, byte protocol = 6, bool isEmpty = false)
    {
        var bench = new ServiceBench(Scheduler.RoundRobin, 0xc0000201);
        bench.Key.Protocol = protocol;
        bench.Record.Policy = ServicePolicy.Proxied;
        change?.Invoke(bench);
        if (!isEmpty)
        {
            bench.Add("first", 1);
            bench.Add("second", 1);
            bench.ServerOf("first")->Address = ServiceBench.Address(0x0a00000b);
            bench.ServerOf("second")->Address = ServiceBench.Address(0x0a00000c);
        }
        else
        {
            bench.Publish();
        }
        foreach (var name in isEmpty ? [] : new[] { "first", "second" }) bench.ServerOf(name)->Flags |= ServerFlags.EndsFlows;
        Network(Networks.Pods, "10.244.0.0", 16, NetworkUse.Inside);
        var bridge = Bridge;
        Device device = default;
        device.AddressBe = TestImage.AddressBe("10.245.0.1");
        device.Flags = DeviceFlags.Pods;
        Maps.Devices.Update(&bridge, &device, UpdateMode.Any);
        return bench;
    }

    private static void Network(uint realm, string address, int length, NetworkUse use)
    {
        var key = new NetworkKey { PrefixLength = (uint)(Networks.RealmBits + 96 + length), Realm = realm, Address = new() { Word2Be = IpAddress.MappedBe, Word3Be = TestImage.AddressBe(address) } };
        var value = (uint)use;
        Maps.Networks.Update(&key, &value, UpdateMode.Any);
    }

    /// <summary>Servers of near clients: 10.0.0.13.</summary>
    private static void ServeNear(ServiceBench bench, bool isEmpty = false)
    {
        var record = bench.Record;
        record.Slot = NearSlot;
        record.NoServer = NoServerAction.Reject;
        record.ServerStart = 4096;
        record.ServerCount = isEmpty ? 0u : 1u;
        *Maps.ServerLists.At(4096) = NearServer;
        *Maps.Servers.At(NearServer) = new() { Address = ServiceBench.Address(0x0a00000d), PortBe = Bits.Swap(80), ServiceSlot = NearSlot, Weight = 1, Flags = ServerFlags.Available };
        var key = bench.Key;
        key.Scope = ServiceKey.Near;
        Maps.Services.Update(&key, &record, UpdateMode.Any);
    }

    private static void Sent(Host host, string ends)
    {
        Assert.Equal(ends, Frame.Ends(host.Frame));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    [Theory]
    [InlineData(SourceTranslation.None, Far, Host.Eth0, false)]
    [InlineData(SourceTranslation.None, Pod, Host.Eth0, false)]
    [InlineData(SourceTranslation.ExceptPods, Far, Host.Eth0, true)]
    [InlineData(SourceTranslation.ExceptPods, Pod, Host.Eth0, false)]
    [InlineData(SourceTranslation.ExceptPods, "10.245.0.9", Bridge, false)]
    [InlineData(SourceTranslation.Node, Far, Host.Eth0, false)]
    [InlineData(SourceTranslation.Node, Pod, Host.Eth0, false)]
    [InlineData(SourceTranslation.Node, Virtual, Host.Eth0, true)]
    [InlineData(SourceTranslation.All, Far, Host.Eth0, true)]
    [InlineData(SourceTranslation.All, Pod, Host.Eth0, true)]
    // Its own server.
    [InlineData(SourceTranslation.None, Second, Host.Eth1, true)]
    public void The_source_is_translated_as_the_service_says(SourceTranslation kind, string client, uint device, bool isTranslated)
    {
        // The user's rules are asked where the service does not translate.
        var rule = _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Continue));
        var host = new Host(_image);
        Serve(bench => bench.Record.Masquerade = kind);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(client, 40000, Virtual, 80, Frame.Syn), device));
        var source = isTranslated ? Node : client;
        Assert.Equal((source, Second), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal(isTranslated ? 0ul : 1, host.Packets(rule));
        var port = Frame.SourcePort(host.Frame);
        Assert.Equal(isTranslated, port != 40000);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Second, 80, source, port, Frame.Syn | Frame.Ack), Host.Eth1, device));
        Sent(host, $"{Virtual}:80>{client}:40000");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(client, 40000, Virtual, 80, Frame.Ack), device));
        Sent(host, $"{source}:{port}>{Second}:80");
    }

    [Theory]
    [InlineData(SourceTranslation.None, Node, false)]
    [InlineData(SourceTranslation.Node, Node, true)]
    [InlineData(SourceTranslation.ExceptPods, Node, true)]
    // The address that was asked for is no one's but this host's.
    [InlineData(SourceTranslation.None, Virtual, true)]
    public void So_is_that_of_this_host(SourceTranslation kind, string client, bool isTranslated)
    {
        var host = new Host(_image);
        Serve(bench => bench.Record.Masquerade = kind);
        var action = host.Out(Frame.Tcp(client, 40000, Virtual, 80, Frame.Syn));
        Assert.Equal(TcAction.Redirect, action);
        Assert.Equal((isTranslated ? Node : client, Second), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal(isTranslated, Frame.SourcePort(host.Frame) != 40000);
    }

    [Fact]
    public void A_rule_is_not_asked_before_the_service()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Snat).Nat(low: "10.0.0.200"));
        var host = new Host(_image);
        Serve(bench => bench.Record.Masquerade = SourceTranslation.All);
        host.Through(Frame.Udp(Far, 5000, "10.0.0.50", 80));
        Assert.Equal("10.0.0.200", Frame.Source(host.Frame));
        host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn));
        Assert.Equal(Node, Frame.Source(host.Frame));
    }

    [Fact]
    public void Near_clients_have_servers_of_their_own()
    {
        var host = new Host(_image);
        var bench = Serve(bench => bench.Record.Policy |= ServicePolicy.HasNear);
        ServeNear(bench);
        host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn));
        Sent(host, $"{Far}:40000>{Second}:80");
        host.Through(Frame.Tcp(Pod, 40000, Virtual, 80, Frame.Syn));
        Sent(host, $"{Pod}:40000>10.0.0.13:80");
        host.Through(Frame.Tcp("10.245.0.9", 40000, Virtual, 80, Frame.Syn), Bridge);
        Sent(host, "10.245.0.9:40000>10.0.0.13:80");
        host.Out(Frame.Tcp("10.0.0.1", 40000, Virtual, 80, Frame.Syn));
        Sent(host, "10.0.0.1:40000>10.0.0.13:80");
        Assert.Equal((1ul, 3ul), (Maps.ServiceStates.At(1)->Connections, Maps.ServiceStates.At(NearSlot)->Connections));
        // Both are the same service to its clients.
        host.Through(Frame.Tcp("10.0.0.13", 80, Pod, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0);
        Sent(host, $"{Virtual}:80>{Pod}:40000");
    }

    [Fact]
    public void Near_clients_are_refused_where_others_are_dropped()
    {
        var host = new Host(_image);
        var bench = Serve(bench => (bench.Record.Policy, bench.Record.NoServer) = (ServicePolicy.Proxied | ServicePolicy.HasNear, NoServerAction.Drop), isEmpty: true);
        ServeNear(bench, isEmpty: true);
        Assert.Equal(Host.Drop, host.In(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal(TcAction.Redirect, host.In(Frame.Tcp(Pod, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal((1, 3, 3), (Frame.Protocol(host.Frame), host.Frame[Frame.Ip + 20], host.Frame[Frame.Ip + 21]));
        Assert.Equal((0, 2ul), (Maps.Flows.Count, Maps.Stats.At(0)->ServiceNoServer));
    }

    [Fact]
    public void Only_those_may_come_whom_the_service_names()
    {
        var host = new Host(_image);
        Serve(bench => bench.Record.Sources = 2);
        Network(2, "198.51.100.0", 25, NetworkUse.Inside);
        Network(2, Pod, 32, NetworkUse.Inside);
        Network(3, "0.0.0.0", 0, NetworkUse.Inside);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal(Host.Drop, host.In(Frame.Tcp("198.51.100.200", 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Pod, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal(Host.Drop, host.In(Frame.Tcp("10.244.0.6", 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal(2, Maps.Flows.Count);
    }

    [Theory]
    [InlineData(Virtual, 80, false, Host.Pass)]
    [InlineData(Virtual, 81, false, TcAction.Redirect)]
    [InlineData(Virtual, 81, true, TcAction.Redirect)]
    [InlineData(Virtual, 80, true, TcAction.Redirect)]
    [InlineData(Unbound, 80, false, Host.Drop)]
    [InlineData("192.0.3.1", 80, false, Host.Pass)]
    public void Addresses_of_services_are_for_services(string address, int port, bool isDatagram, int action)
    {
        _image.Flags |= ActiveImage.Guarded;
        var host = new Host(_image);
        Serve();
        Network(Networks.Destinations, Virtual, 32, NetworkUse.Bound);
        Network(Networks.Destinations, "192.0.2.0", 24, NetworkUse.Reserved);
        byte[] Packet() => isDatagram ? Frame.Udp(Far, 5000, address, port) : Frame.Tcp(Far, 5000, address, port, Frame.Syn);
        Assert.Equal(action, host.In(Packet()));
        if (action == TcAction.Redirect) Assert.Equal((1, 3, 3, Virtual), (Frame.Protocol(host.Frame), host.Frame[Frame.Ip + 20], host.Frame[Frame.Ip + 21], Frame.Source(host.Frame)));
        // From this host: to the server at once, refused by way of the loopback device, dropped, or out.
        var isServed = (address, port, isDatagram) == (Virtual, 80, false);
        Assert.Equal(isServed ? TcAction.Redirect : action, host.Out(Packet()));
        Assert.Equal(action == Host.Pass ? 1 : 0, Maps.Flows.Count);
    }

    [Fact]
    public void A_flow_ends_when_its_server_is_taken_away()
    {
        var host = new Host(_image);
        var bench = Serve(protocol: 17);
        host.Through(Frame.Udp(Far, 5000, Virtual, 80));
        Sent(host, $"{Far}:5000>{Second}:80");
        bench.Remove("second");
        Assert.Equal(Host.Drop, host.In(Frame.Udp(Far, 5000, Virtual, 80)));
        Assert.Equal((0, 0, 0), (Maps.Flows.Count, Maps.Replies.Count, bench.ServerOf("second")->Inactive));
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Far, 5000, Virtual, 80)));
        Sent(host, $"{Far}:5000>{First}:80");
    }

    [Fact]
    public void A_persistent_client_does_not_stay_with_a_server_that_leaves()
    {
        var host = new Host(_image);
        var bench = Serve(bench => (bench.Record.Flags, bench.Record.PersistenceTimeout) = (ServiceFlags.Persistent, 300));
        host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn));
        Sent(host, $"{Far}:40000>{Second}:80");
        bench.SetWeight("second", 0);
        bench.ServerOf("second")->Flags |= ServerFlags.Leaving;
        host.Through(Frame.Tcp(Far, 40001, Virtual, 80, Frame.Syn));
        Sent(host, $"{Far}:40001>{First}:80");
        // What it has goes on.
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Ack)));
        Sent(host, $"{Far}:40000>{Second}:80");
    }

    [Theory]
    [InlineData(Frame.Fin | Frame.Ack, IpvsState.TimeWait)]
    [InlineData(Frame.Rst, IpvsState.Close)]
    public void A_port_that_is_used_again_gets_a_server_at_once(byte end, IpvsState state)
    {
        var host = new Host(_image);
        var bench = Serve();
        host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn));
        host.Through(Frame.Tcp(Second, 80, Far, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0);
        host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Ack));
        host.Through(Frame.Tcp(Second, 80, Far, 40000, end), Host.Eth1, Host.Eth0);
        host.Through(Frame.Tcp(Far, 40000, Virtual, 80, end));
        Assert.Equal(state, Assert.Single(Maps.Flows.Entries()).Value.IpvsState);
        // Quiesced meanwhile, as in a rolling update: only a new choice gets the client away from it.
        bench.SetWeight("second", 0);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Far, 40000, Virtual, 80, Frame.Syn)));
        Sent(host, $"{Far}:40000>{First}:80");
        Assert.Equal((0, 1), (bench.ServerOf("second")->Inactive, bench.ServerOf("first")->Inactive));
    }

    [Fact]
    public void A_socket_of_this_host_is_a_near_client()
    {
        var host = new Host(_image);
        var bench = Serve(bench => (bench.Record.Policy, bench.Record.Sockets) = (ServicePolicy.Proxied | ServicePolicy.HasNear, 1));
        ServeNear(bench);
        var address = new SockAddress { UserIp4Be = bench.Key.Address.Word3Be, UserPortBe = Bits.Swap((ushort)80), Protocol = 6 };
        Assert.Equal(1, SocketHooks.Connect(&address));
        Assert.Equal(Bits.Swap(0x0a00000du), address.UserIp4Be);
        _ = host;
    }

    [Fact]
    public void A_connected_socket_of_datagrams_is_left_to_the_way_out()
    {
        var host = new Host(_image);
        var bench = Serve(bench => bench.Record.Sockets = 1, protocol: 17);
        var address = new SockAddress { UserIp4Be = bench.Key.Address.Word3Be, UserPortBe = Bits.Swap((ushort)80), Protocol = 17 };
        Assert.Equal(1, SocketHooks.Connect(&address));
        Assert.Equal(bench.Key.Address.Word3Be, address.UserIp4Be);
        Assert.Equal(1, SocketHooks.Send(&address));
        Assert.Equal(Bits.Swap(0x0a00000cu), address.UserIp4Be);
        _ = host;
    }

    [Fact]
    public void A_flow_ends_by_its_tuple_with_all_that_counts_it()
    {
        var host = new Host(_image);
        var bench = Serve(protocol: 17);
        host.Through(Frame.Udp(Far, 5000, Virtual, 80));
        var key = Assert.Single(Maps.Flows.Entries()).Key;
        var bytes = new byte[FlowEnding.TupleOffset + sizeof(FlowTuple)];
        System.Runtime.InteropServices.MemoryMarshal.Write(bytes.AsSpan(FlowEnding.TupleOffset), key);
        using var packet = new ManagedPacket(bytes);
        Assert.Equal(1, FlowEnding.EndFlow(packet.Context));
        Assert.Equal((0, 0, 0), (Maps.Flows.Count, Maps.Replies.Count, bench.ServerOf("second")->Inactive));
        Assert.Equal(0, FlowEnding.EndFlow(packet.Context));
    }
}
