using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.DataPath.Sockets;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests.Services;

/// <summary>Virtual services packet by packet: who gets it, how it looks, what is counted, what the connection's state is.</summary>
[Collection("Maps")]
public sealed unsafe class VirtualServiceTests
{
    private const string Client = "198.51.100.7", Virtual = "192.0.2.1", First = "10.0.0.11", Second = "10.0.0.12";

    private const byte CookieAck = 11;

    private readonly TestImage _image = new TestImage().Tracked();

    public VirtualServiceTests() => _image.Flags |= ActiveImage.Services;

    private ServiceBench Serve(Host host, Scheduler scheduler = Scheduler.RoundRobin, byte protocol = 6, Action<ServiceBench>? change = null)
    {
        _ = host;
        var bench = new ServiceBench(scheduler, 0xc0000201);
        bench.Key.Protocol = protocol;
        change?.Invoke(bench);
        bench.Add("first", 1);
        bench.Add("second", 1);
        bench.ServerOf("first")->Address = ServiceBench.Address(0x0a00000b);
        bench.ServerOf("second")->Address = ServiceBench.Address(0x0a00000c);
        return bench;
    }

    private static void Sent(Host host, string ends)
    {
        Assert.Equal(ends, Frame.Ends(host.Frame));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    private static Flow OnlyFlow() => Assert.Single(Maps.Flows.Entries()).Value;

    [Theory]
    [InlineData(80, 12)]
    [InlineData(9900, 12)]
    [InlineData(1, 13)]
    [InlineData(65535, 1437)]
    public void An_association_gets_its_servers_port_and_a_right_checksum(ushort port, int chunkLength)
    {
        var host = new Host(_image);
        var bench = Serve(host, protocol: 132);
        bench.ServerOf("second")->PortBe = Bits.Swap(port);
        Assert.Equal(Host.Pass, host.Through(Frame.Sctp(Client, 40000, Virtual, 80, SctpStates.Init, chunkLength)));
        Sent(host, $"{Client}:40000>{Second}:{port}");
        Assert.Equal(Host.Pass, host.Through(Frame.Sctp(Second, port, Client, 40000, CookieAck, chunkLength + 3), Host.Eth1, Host.Eth0));
        Sent(host, $"{Virtual}:80>{Client}:40000");
        Assert.Equal(SctpState.Established, (SctpState)OnlyFlow().IpvsState);
        Assert.Equal((1, 0), (bench.ServerOf("second")->Active, bench.ServerOf("second")->Inactive));
    }

    [Fact]
    public void Nothing_but_an_INIT_begins_an_association()
    {
        var host = new Host(_image);
        var bench = Serve(host, protocol: 132);
        host.Through(Frame.Sctp(Client, 40000, Virtual, 80, CookieAck, 12));
        Assert.Equal(0ul, bench.ServerOf("second")->Connections);
    }

    [Fact]
    public void A_connection_goes_to_its_server_and_back()
    {
        var input = _image.Add(BuiltInChain.FilterInput, new TestRule().Destination(Virtual).Protocol(6).Ports(80, 80));
        var forward = _image.Add(BuiltInChain.FilterForward, new TestRule().Protocol(6));
        var host = new Host(_image);
        var bench = Serve(host);
        // The newest server is the first of the list, and round robin begins with it.
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn)));
        Sent(host, $"{Client}:40000>{Second}:80");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Second, 80, Client, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0));
        Sent(host, $"{Virtual}:80>{Client}:40000");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Ack, 100)));
        Sent(host, $"{Client}:40000>{Second}:80");
        var server = bench.ServerOf("second");
        Assert.Equal((1, 0), (server->Active, server->Inactive));
        Assert.Equal((1ul, 2ul, 1ul), (server->Connections, server->InPackets, server->OutPackets));
        Assert.Equal((180ul, 40ul), (server->InBytes, server->OutBytes));
        var state = Maps.ServiceStates.At(1);
        Assert.Equal((1ul, 2ul, 1ul, 180ul, 40ul), (state->Connections, state->InPackets, state->OutPackets, state->InBytes, state->OutBytes));
        Assert.Equal(IpvsState.Established, OnlyFlow().IpvsState);
        // INPUT sees the virtual address, FORWARD the answers alone.
        Assert.Equal((2ul, 1ul), (host.Packets(input), host.Packets(forward)));
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40001, Virtual, 80, Frame.Syn)));
        Sent(host, $"{Client}:40001>{First}:80");
    }

    [Fact]
    public void States_and_time_outs_are_those_of_ip_vs()
    {
        var host = new Host(_image);
        var bench = Serve(host);
        void Expect(IpvsState state, int seconds, int active, int inactive)
        {
            var flow = OnlyFlow();
            Assert.Equal((state, seconds), (flow.IpvsState, (int)((flow.Expires - host.Kernel.Now) / 1_000_000_000)));
            Assert.Equal((active, inactive), (bench.ServerOf("second")->Active, bench.ServerOf("second")->Inactive));
        }
        void FromClient(byte flags) => host.Through(Frame.Tcp(Client, 40000, Virtual, 80, flags));
        void FromServer(byte flags) => host.Through(Frame.Tcp(Second, 80, Client, 40000, flags), Host.Eth1, Host.Eth0);
        FromClient(Frame.Syn);
        Expect(IpvsState.SynReceived, 60, 0, 1);
        FromServer(Frame.Syn | Frame.Ack);
        Expect(IpvsState.SynReceived, 60, 0, 1);
        FromClient(Frame.Ack);
        Expect(IpvsState.Established, 900, 1, 0);
        FromServer(Frame.Fin | Frame.Ack);
        Expect(IpvsState.FinWait, 120, 0, 1);
        FromClient(Frame.Fin | Frame.Ack);
        Expect(IpvsState.TimeWait, 120, 0, 1);
        host.Wait(119);
        Assert.Single(Maps.Flows.Entries());
        host.Wait(2);
        Assert.Equal((0, 0, 0, 0), (Maps.Flows.Count, Maps.Replies.Count, bench.ServerOf("second")->Active, bench.ServerOf("second")->Inactive));
    }

    [Fact]
    public void A_port_that_is_used_again_gets_a_server_at_once()
    {
        var host = new Host(_image);
        Serve(host);
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn));
        host.Through(Frame.Tcp(Second, 80, Client, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0);
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Ack));
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Rst));
        Assert.Equal(IpvsState.Close, OnlyFlow().IpvsState);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn)));
        Sent(host, $"{Client}:40000>{First}:80");
    }

    [Fact]
    public void A_datagram_counts_as_inactive_until_its_flow_ends()
    {
        var host = new Host(_image);
        var bench = Serve(host, protocol: 17);
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Client, 5000, Virtual, 80)));
        Sent(host, $"{Client}:5000>{Second}:80");
        Assert.Equal((0, 1), (bench.ServerOf("second")->Active, bench.ServerOf("second")->Inactive));
        host.Wait(299);
        Assert.Equal(1, bench.ServerOf("second")->Inactive);
        host.Wait(2);
        Assert.Equal(0, bench.ServerOf("second")->Inactive);
    }

    [Fact]
    public void What_a_rule_drops_leaves_no_count()
    {
        _image.Add(BuiltInChain.ManglePostrouting, new TestRule(TargetKind.Drop).Protocol(6));
        var host = new Host(_image);
        var bench = Serve(host);
        Assert.Equal(Host.Drop, host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal((0, 0, 0), (Maps.Flows.Count, bench.ServerOf("second")->Active, bench.ServerOf("second")->Inactive));
    }

    [Fact]
    public void Without_a_server_nothing_is_entered()
    {
        var host = new Host(_image);
        var bench = Serve(host);
        bench.SetWeight("first", 0);
        bench.SetWeight("second", 0);
        Assert.NotEqual(Host.Pass, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal((0, 1ul), (Maps.Flows.Count, Maps.Stats.At(0)->ServiceNoServer));
    }

    [Fact]
    public void A_server_that_was_taken_away_gets_nothing_more()
    {
        var host = new Host(_image);
        var bench = Serve(host);
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn));
        bench.Remove("second");
        Assert.Equal(Host.Drop, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Ack)));
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40001, Virtual, 80, Frame.Syn)));
        Sent(host, $"{Client}:40001>{First}:80");
    }

    [Fact]
    public void An_overloaded_server_is_passed_over_until_enough_connections_ended()
    {
        var host = new Host(_image);
        var bench = Serve(host);
        bench.ServerOf("second")->UpperThreshold = 1;
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn));
        Assert.Equal(1u, bench.ServerOf("second")->Overloaded);
        for (var port = 40001; port < 40004; port++)
        {
            host.Through(Frame.Tcp(Client, port, Virtual, 80, Frame.Syn));
            Sent(host, $"{Client}:{port}>{First}:80");
        }
        host.Wait(61);
        Assert.Equal((0u, 0), (bench.ServerOf("second")->Overloaded, bench.ServerOf("second")->Inactive));
    }

    [Fact]
    public void A_persistent_client_keeps_its_server()
    {
        var host = new Host(_image);
        var bench = Serve(host, change: bench =>
        {
            bench.Record.Flags |= ServiceFlags.Persistent;
            bench.Record.PersistenceTimeout = 300;
            bench.Record.PersistenceMaskBe = Bits.Swap(0xffffff00);
        });
        for (var port = 40000; port < 40003; port++)
        {
            host.Through(Frame.Tcp($"198.51.100.{port - 39990}", port, Virtual, 80, Frame.Syn));
            Sent(host, $"198.51.100.{port - 39990}:{port}>{Second}:80");
        }
        host.Through(Frame.Tcp("198.51.101.7", 40000, Virtual, 80, Frame.Syn));
        Sent(host, $"198.51.101.7:40000>{First}:80");
        Assert.Equal(2, Maps.Templates.Count);
        var template = Maps.Templates.Entries().Single(entry => entry.Key.Client.Word3Be == Bits.Swap(0xc6336400)).Value;
        Assert.Equal((3, 300u, 0u), (template.Flows, template.TimeoutSeconds, template.Assured));
        Assert.Equal(1, bench.ServerOf("second")->Persistent);
        host.Wait(61);
        Assert.All(Maps.Templates.Entries(), entry => Assert.Equal(0, entry.Value.Flows));
    }

    [Fact]
    public void A_rule_may_lead_to_a_virtual_address()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Protocol(6).Ports(8080, 8080).Nat(low: Virtual, portLow: 80));
        var input = _image.Add(BuiltInChain.FilterInput, new TestRule().Destination(Virtual).Protocol(6).Ports(80, 80));
        var host = new Host(_image);
        Serve(host);
        host.Through(Frame.Tcp(Client, 40000, "192.0.2.99", 8080, Frame.Syn));
        Sent(host, $"{Client}:40000>{Second}:80");
        host.Through(Frame.Tcp(Second, 80, Client, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0);
        Sent(host, $"192.0.2.99:8080>{Client}:40000");
        host.Through(Frame.Tcp(Client, 40000, "192.0.2.99", 8080, Frame.Ack));
        Sent(host, $"{Client}:40000>{Second}:80");
        Assert.Equal(2ul, host.Packets(input));
    }

    [Fact]
    public void Masquerading_applies_to_what_goes_to_a_server()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Masquerade).Nat());
        var host = new Host(_image);
        Serve(host);
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn));
        Sent(host, $"10.0.0.1:40000>{Second}:80");
        host.Through(Frame.Tcp(Second, 80, "10.0.0.1", 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0);
        Sent(host, $"{Virtual}:80>{Client}:40000");
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Ack));
        Sent(host, $"10.0.0.1:40000>{Second}:80");
    }

    [Fact]
    public void Direct_routing_changes_the_device_and_nothing_but_the_time_to_live()
    {
        var host = new Host(_image);
        var bench = Serve(host);
        bench.ServerOf("second")->Method = ForwardingMethod.DirectRoute;
        Assert.Equal(TcAction.Redirect, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Syn)));
        Assert.Equal((Host.Eth1, 0ul), host.Kernel.Redirected);
        Assert.Equal(Host.Pass, host.Onward(Host.Eth0, Host.Eth1));
        Sent(host, $"{Client}:40000>{Virtual}:80");
        Assert.Equal(63, host.Frame[Frame.Ip + 8]);
        Assert.Equal(TcAction.Redirect, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Ack)));
        Assert.Equal((IpvsState.Established, 1), (OnlyFlow().IpvsState, bench.ServerOf("second")->Active));
        Assert.Equal(TcAction.Redirect, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Frame.Fin | Frame.Ack)));
        Assert.Equal(IpvsState.FinWait, OnlyFlow().IpvsState);
    }

    [Fact]
    public void A_client_on_this_host_is_translated_at_its_socket()
    {
        var host = new Host(_image);
        var bench = Serve(host, change: bench => bench.Record.Sockets = 1);
        host.Kernel.SocketCookie = 4711;
        var address = new SockAddress { UserIp4Be = bench.Key.Address.Word3Be, UserPortBe = Bits.Swap((ushort)80), Protocol = 6 };
        Assert.Equal(1, SocketHooks.Connect(&address));
        Assert.Equal((Bits.Swap(0x0a00000cu), Bits.Swap((ushort)80)), (address.UserIp4Be, (ushort)address.UserPortBe));
        Assert.Equal(1, SocketHooks.GetPeerName(&address));
        Assert.Equal(bench.Key.Address.Word3Be, address.UserIp4Be);
        // The connection enters the table with its first packet, which is not touched.
        Assert.Equal(Host.Pass, host.Out(Frame.Tcp("10.0.0.1", 40000, Second, 80, Frame.Syn), Host.Eth1));
        Sent(host, $"10.0.0.1:40000>{Second}:80");
        var flow = OnlyFlow();
        Assert.Equal((FlowStatus.Service | FlowStatus.Socket, bench.Key.Address.Word3Be), (flow.Status & (FlowStatus.Service | FlowStatus.Socket | FlowStatus.DestinationNat), flow.Virtual.Word3Be));
        host.In(Frame.Tcp(Second, 80, "10.0.0.1", 40000, Frame.Syn | Frame.Ack), Host.Eth1);
        host.Out(Frame.Tcp("10.0.0.1", 40000, Second, 80, Frame.Ack), Host.Eth1);
        var server = bench.ServerOf("second");
        Assert.Equal((1, 1ul, 2ul, 1ul), (server->Active, server->Connections, server->InPackets, server->OutPackets));
    }

    [Fact]
    public void Another_namespaces_socket_is_left_alone()
    {
        var host = new Host(_image);
        var bench = Serve(host, change: bench => bench.Record.Sockets = 1);
        host.Kernel.NetnsCookie = 99;
        var address = new SockAddress { UserIp4Be = bench.Key.Address.Word3Be, UserPortBe = Bits.Swap((ushort)80), Protocol = 6 };
        Assert.Equal(1, SocketHooks.Connect(&address));
        Assert.Equal(bench.Key.Address.Word3Be, address.UserIp4Be);
    }

    [Fact]
    public void Datagrams_of_one_socket_stay_with_a_server_and_come_from_the_virtual_address()
    {
        var host = new Host(_image);
        var bench = Serve(host, protocol: 17, change: bench => bench.Record.Sockets = 1);
        host.Kernel.SocketCookie = 4712;
        for (var i = 0; i < 3; i++)
        {
            var address = new SockAddress { UserIp4Be = bench.Key.Address.Word3Be, UserPortBe = Bits.Swap((ushort)80), Protocol = 17 };
            Assert.Equal(1, SocketHooks.Send(&address));
            Assert.Equal(Bits.Swap(0x0a00000cu), address.UserIp4Be);
            Assert.Equal(1, SocketHooks.Receive(&address));
            Assert.Equal(bench.Key.Address.Word3Be, address.UserIp4Be);
        }
        bench.Remove("second");
        var next = new SockAddress { UserIp4Be = bench.Key.Address.Word3Be, UserPortBe = Bits.Swap((ushort)80), Protocol = 17 };
        Assert.Equal(1, SocketHooks.Send(&next));
        Assert.Equal(Bits.Swap(0x0a00000bu), next.UserIp4Be);
        bench.Remove("first");
        next.UserIp4Be = bench.Key.Address.Word3Be;
        Assert.Equal(0, SocketHooks.Send(&next));
        Assert.Equal(-111, host.Kernel.Retval);
    }
}
