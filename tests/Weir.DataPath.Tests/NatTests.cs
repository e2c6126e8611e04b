using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests;

/// <summary>Translation: what is sent, what comes back, and what rules see in between.</summary>
[Collection("Maps")]
public sealed class NatTests
{
    private const string Client = "198.51.100.7", Own = "192.0.2.1", Inner = "10.0.0.1", Server = "10.0.0.5";

    private readonly TestImage _image = new TestImage().Tracked();

    private static void Sent(Host host, string ends)
    {
        Assert.Equal(ends, Frame.Ends(host.Frame));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    [Fact]
    public void A_port_is_published_to_a_server_behind()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Protocol(6).Destination(Own).Ports(80, 80).Nat(low: Server, portLow: 8000));
        _image.Policy(BuiltInChain.NatPostrouting, TargetKind.Accept);
        var forward = _image.Add(BuiltInChain.FilterForward, new TestRule().Destination(Server).Protocol(6).Ports(8000, 8000).State(ConntrackStates.DestinationNat));
        var back = _image.Add(BuiltInChain.FilterForward, new TestRule().Source(Server).State(ConntrackStates.Established));
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn, 10)));
        Sent(host, "198.51.100.7:40000>10.0.0.5:8000");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Server, 8000, Client, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0));
        Sent(host, "192.0.2.1:80>198.51.100.7:40000");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Ack, 5)));
        Sent(host, "198.51.100.7:40000>10.0.0.5:8000");
        Assert.Equal((2ul, 1ul), (host.Packets(forward), host.Packets(back)));
        Assert.Equal((1ul, 1ul), (host.PolicyPackets(BuiltInChain.NatPostrouting), (ulong)Maps.Flows.Count));
    }

    [Fact]
    public void A_local_port_stands_for_another()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Redirect).Protocol(6).Ports(80, 80).Nat(portLow: 8000));
        var input = _image.Add(BuiltInChain.FilterInput, new TestRule().Protocol(6).Ports(8000, 8000));
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.In(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn)));
        Sent(host, "198.51.100.7:40000>192.0.2.1:8000");
        Assert.Equal(Host.Pass, host.Out(Frame.Tcp(Own, 8000, Client, 40000, Frame.Syn | Frame.Ack)));
        Sent(host, "192.0.2.1:80>198.51.100.7:40000");
        Assert.Equal(1ul, host.Packets(input));
        host.Wait(200);
        Assert.Equal((0, 0), (Maps.Flows.Count, Maps.Replies.Count));
    }

    [Fact]
    public void Masquerade_takes_the_devices_address_and_keeps_the_port()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Masquerade).Source("10.0.0.0", 24).Interface("eth0", true).Nat());
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Server, 5000, Client, 53), Host.Eth1, Host.Eth0));
        Sent(host, "192.0.2.1:5000>198.51.100.7:53");
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Client, 53, Own, 5000)));
        Sent(host, "198.51.100.7:53>10.0.0.5:5000");
    }

    [Fact]
    public void Ports_that_are_taken_are_changed_within_their_range()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Snat).Nat(low: Own));
        var host = new Host(_image);
        host.Through(Frame.Udp("10.0.0.5", 5000, Client, 53), Host.Eth1, Host.Eth0);
        Sent(host, "192.0.2.1:5000>198.51.100.7:53");
        host.Through(Frame.Udp("10.0.0.6", 5000, Client, 53), Host.Eth1, Host.Eth0);
        Assert.InRange(Frame.SourcePort(host.Frame), 1024, 65535);
        Assert.NotEqual(5000, Frame.SourcePort(host.Frame));
        var port = Frame.SourcePort(host.Frame);
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Client, 53, Own, port)));
        Sent(host, "198.51.100.7:53>10.0.0.6:5000");
        host.Through(Frame.Udp("10.0.0.5", 400, Client, 53), Host.Eth1, Host.Eth0);
        host.Through(Frame.Udp("10.0.0.6", 400, Client, 53), Host.Eth1, Host.Eth0);
        Assert.InRange(Frame.SourcePort(host.Frame), 1, 511);
        host.Through(Frame.Udp("10.0.0.5", 700, Client, 53), Host.Eth1, Host.Eth0);
        host.Through(Frame.Udp("10.0.0.6", 700, Client, 53), Host.Eth1, Host.Eth0);
        Assert.InRange(Frame.SourcePort(host.Frame), 600, 1023);
    }

    [Fact]
    public void A_port_range_that_is_used_up_drops()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Snat).Protocol(17).Nat(low: Own, portLow: 7000, portHigh: 7002));
        var host = new Host(_image);
        var ports = new HashSet<int>();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Host.Pass, host.Through(Frame.Udp($"10.0.0.{5 + i}", 5000, Client, 53), Host.Eth1, Host.Eth0));
            ports.Add(Frame.SourcePort(host.Frame));
        }
        Assert.Equal([7000, 7001, 7002], ports.Order());
        Assert.Equal(Host.Drop, host.Through(Frame.Udp("10.0.0.9", 5000, Client, 53), Host.Eth1, Host.Eth0));
        Assert.Equal(Host.Pass, host.Through(Frame.Udp("10.0.0.9", 5000, "198.51.100.8", 53), Host.Eth1, Host.Eth0));
    }

    [Fact]
    public void Echo_identifiers_are_told_apart()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Masquerade).Nat());
        var host = new Host(_image);
        host.Through(Frame.Icmp("10.0.0.5", Client, 8, 0, 1), Host.Eth1, Host.Eth0);
        Assert.True(Frame.IsSound(host.Frame));
        host.Through(Frame.Icmp("10.0.0.6", Client, 8, 0, 1), Host.Eth1, Host.Eth0);
        Assert.True(Frame.IsSound(host.Frame));
        var id = (ushort)(host.Frame[38] << 8 | host.Frame[39]);
        Assert.NotEqual(1, id);
        Assert.Equal(Host.Pass, host.Through(Frame.Icmp(Client, Own, 0, 0, id)));
        Assert.Equal("10.0.0.6", Frame.Destination(host.Frame));
        Assert.Equal(1, host.Frame[38] << 8 | host.Frame[39]);
        Assert.True(Frame.IsSound(host.Frame));
    }

    [Fact]
    public void Both_ends_are_translated_at_once()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Destination(Own).Nat(low: Server));
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Snat).Destination(Server).Nat(low: Inner));
        var host = new Host(_image);
        host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn));
        Sent(host, "10.0.0.1:40000>10.0.0.5:80");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Server, 80, Inner, 40000, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0));
        Sent(host, "192.0.2.1:80>198.51.100.7:40000");
        host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Ack));
        Sent(host, "10.0.0.1:40000>10.0.0.5:80");
    }

    [Fact]
    public void Local_output_is_translated_and_sent_where_it_goes_now()
    {
        _image.Add(BuiltInChain.NatOutput, new TestRule(TargetKind.Dnat).Protocol(6).Destination(Client).Nat(low: Server));
        var host = new Host(_image);
        Assert.Equal(TcAction.Redirect, host.Out(Frame.Tcp(Own, 40000, Client, 80, Frame.Syn)));
        Sent(host, "192.0.2.1:40000>10.0.0.5:80");
        Assert.Equal(Host.Eth1, host.Kernel.Redirected!.Value.IfIndex);
        Assert.Equal(Note.Own, host.TcIndex);
        Assert.Equal(Host.Pass, host.In(Frame.Tcp(Server, 80, Own, 40000, Frame.Syn | Frame.Ack), Host.Eth1));
        Sent(host, "198.51.100.7:80>192.0.2.1:40000");
    }

    [Fact]
    public void Local_output_to_a_local_port_goes_round_the_loopback_device()
    {
        _image.Add(BuiltInChain.NatOutput, new TestRule(TargetKind.Redirect).Protocol(6).Ports(80, 80).Nat(portLow: 8000));
        _image.Policy(BuiltInChain.NatPrerouting, TargetKind.Accept);
        var input = _image.Add(BuiltInChain.FilterInput, new TestRule().State(ConntrackStates.New).Protocol(6).Ports(8000, 8000));
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Out(Frame.Tcp("127.0.0.1", 40000, "127.0.0.1", 80, Frame.Syn), Host.Lo));
        Sent(host, "127.0.0.1:40000>127.0.0.1:8000");
        Assert.Equal(Host.Pass, host.In(host.Frame, Host.Lo));
        Assert.Equal(1ul, host.Packets(input));
        Assert.Equal(Host.Pass, host.Out(Frame.Tcp("127.0.0.1", 8000, "127.0.0.1", 40000, Frame.Syn | Frame.Ack), Host.Lo));
        Sent(host, "127.0.0.1:80>127.0.0.1:40000");
        Assert.Equal(Host.Pass, host.In(host.Frame, Host.Lo));
        Assert.Equal(0ul, host.PolicyPackets(BuiltInChain.NatPrerouting));
        Assert.Equal(FlowStatus.SeenReply, Assert.Single(Maps.Flows.Entries()).Value.Status & FlowStatus.SeenReply);
    }

    [Fact]
    public void A_range_of_addresses_spreads_clients_and_keeps_each()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Nat(low: "10.0.0.16", high: "10.0.0.19"));
        var host = new Host(_image);
        var seen = new HashSet<string>();
        for (var i = 1; i < 60; i++)
        {
            host.In(Frame.Udp($"198.51.100.{i}", 5000, Own, 53));
            var first = Frame.Destination(host.Frame);
            host.In(Frame.Udp($"198.51.100.{i}", 5001, Own, 53));
            Assert.Equal(first, Frame.Destination(host.Frame));
            seen.Add(first);
        }
        Assert.Equal(["10.0.0.16", "10.0.0.17", "10.0.0.18", "10.0.0.19"], seen.Order());
    }

    [Fact]
    public void Udp_without_checksum_stays_without()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Nat(low: Server, portLow: 5353));
        var host = new Host(_image);
        host.In(Frame.Udp(Client, 5000, Own, 53, 8, false));
        Assert.Equal(0, host.Frame[40] | host.Frame[41]);
        Sent(host, "198.51.100.7:5000>10.0.0.5:5353");
    }

    [Fact]
    public void Later_fragments_are_translated_with_the_first()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Protocol(17).Ports(53, 53).Nat(low: Server, portLow: 5353));
        var host = new Host(_image);
        var (first, later) = Frame.Split(Frame.Udp(Client, 5000, Own, 53, 100), 64);
        host.Through(first);
        Assert.Equal("198.51.100.7:5000>10.0.0.5:5353", Frame.Ends(host.Frame));
        Assert.Equal(Host.Pass, host.Through(later));
        Assert.Equal(Server, Frame.Destination(host.Frame));
        Assert.Equal(later[34..], host.Frame[34..]);
    }

    [Fact]
    public void A_rejected_or_dropped_translation_leaves_nothing()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Nat(low: Server));
        _image.Policy(BuiltInChain.FilterForward, TargetKind.Drop);
        var host = new Host(_image);
        Assert.Equal(Host.Drop, host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn)));
        Assert.Equal((0, 0), (Maps.Flows.Count, Maps.Replies.Count));
    }
}
