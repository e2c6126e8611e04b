using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests;

/// <summary>ICMP errors belong to the flow of the packet that they quote, and are translated like it, inside and outside.</summary>
[Collection("Maps")]
public sealed unsafe class IcmpErrorTests
{
    private const string Client = "198.51.100.7", Own = "192.0.2.1", Server = "10.0.0.5", Between = "10.0.0.99", Far = "203.0.113.5";

    private readonly TestImage _image = new TestImage().Tracked();

    private static void Is(Host host, string source, string destination, string quoted)
    {
        Assert.Equal((source, destination, quoted), (Frame.Source(host.Frame), Frame.Destination(host.Frame), Frame.Ends(Frame.Quoted(host.Frame))));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    public static TheoryData<byte> Protocols => new((byte)6, (byte)17);

    private static byte[] Opening(byte protocol, string source, int sourcePort, string destination, int destinationPort) => protocol == 6
        ? Frame.Tcp(source, sourcePort, destination, destinationPort, Frame.Syn, 12)
        : Frame.Udp(source, sourcePort, destination, destinationPort, 12);

    [Theory]
    [MemberData(nameof(Protocols))]
    public void An_error_about_a_published_port_comes_from_it(byte protocol)
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Destination(Own).Protocol(protocol).Ports(80, 80).Nat(low: Server, portLow: 8000));
        var related = _image.Add(BuiltInChain.FilterForward, new TestRule().State(ConntrackStates.Related));
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Through(Opening(protocol, Client, 40000, Own, 80)));
        var sent = host.Frame;
        foreach (var quoted in new[] { 1000, 28 })
        {
            Assert.Equal(Host.Pass, host.Through(Frame.Error(Server, Client, 3, 3, sent, quoted), Host.Eth1, Host.Eth0));
            Is(host, Own, Client, $"{Client}:40000>{Own}:80");
            if (quoted == 1000) Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
        }
        // Also from a router on the way, as netfilter does.
        Assert.Equal(Host.Pass, host.Through(Frame.Error(Between, Client, 11, 0, sent), Host.Eth1, Host.Eth0));
        Is(host, Own, Client, $"{Client}:40000>{Own}:80");
        Assert.Equal(3ul, host.Packets(related));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void An_error_about_a_masqueraded_flow_comes_to_its_sender(byte protocol)
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Masquerade).Interface("eth0", true).Nat());
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Through(Opening(protocol, Server, 5000, Far, 53), Host.Eth1, Host.Eth0));
        var sent = host.Frame;
        Assert.Equal(Host.Pass, host.Through(Frame.Error("203.0.113.254", Own, 3, 4, sent, rest: 1300)));
        Is(host, "203.0.113.254", Server, $"{Server}:5000>{Far}:53");
        Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
    }

    [Fact]
    public void An_error_about_a_ping_follows_its_identifier()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Masquerade).Interface("eth0", true).Nat(portLow: 900, portHigh: 900));
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Through(Frame.Icmp(Server, Far, 8, id: 77), Host.Eth1, Host.Eth0));
        var sent = host.Frame;
        Assert.Equal((900, Own), (sent[38] << 8 | sent[39], Frame.Source(sent)));
        Assert.Equal(Host.Pass, host.Through(Frame.Error(Far, Own, 3, 2, sent)));
        Assert.Equal((Far, Server), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        var inside = Frame.Quoted(host.Frame);
        Assert.Equal((77, Server), (inside[38] << 8 | inside[39], Frame.Source(inside)));
        Assert.True(Frame.IsSound(host.Frame) && Frame.IsSound(inside), "checksums");
    }

    [Fact]
    public void An_error_about_an_answer_goes_to_the_server_behind()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Destination(Own).Protocol(17).Ports(80, 80).Nat(low: Server, portLow: 8000));
        var host = new Host(_image);
        host.Through(Frame.Udp(Client, 40000, Own, 80));
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Server, 8000, Client, 40000), Host.Eth1, Host.Eth0));
        var answer = host.Frame;
        Assert.Equal(Host.Pass, host.Through(Frame.Error("198.51.100.254", Own, 3, 4, answer, rest: 1300)));
        Is(host, "198.51.100.254", Server, $"{Server}:8000>{Client}:40000");
        Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
    }

    [Fact]
    public void An_error_that_this_host_makes_quotes_what_it_was_sent()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Destination(Own).Protocol(17).Ports(80, 80).Nat(low: Server, portLow: 8000));
        var related = _image.Add(BuiltInChain.FilterOutput, new TestRule().State(ConntrackStates.Related));
        var host = new Host(_image);
        // It got no further than routing: its flow is not confirmed.
        Assert.Equal(Host.Pass, host.In(Frame.Udp(Client, 40000, Own, 80)));
        var routed = host.Frame;
        Assert.Equal(Host.Pass, host.Out(Frame.Error(Own, Client, 11, 0, routed)));
        Is(host, Own, Client, $"{Client}:40000>{Own}:80");
        Assert.Equal(1ul, host.Packets(related));
        Assert.Equal(FlowStatus.None, Assert.Single(Maps.Flows.Entries()).Value.Status & FlowStatus.Confirmed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(23)]
    public void An_error_that_quotes_too_little_is_invalid(int quoted)
    {
        var invalid = _image.Add(BuiltInChain.FilterForward, new TestRule().State(ConntrackStates.Invalid));
        var host = new Host(_image);
        host.Through(Frame.Udp(Server, 5000, Far, 53), Host.Eth1, Host.Eth0);
        Assert.Equal(Host.Pass, host.Through(Frame.Error(Far, Server, 3, 3, host.Frame, quoted)));
        Assert.Equal(1ul, host.Packets(invalid));
    }

    [Fact]
    public void An_error_is_invalid_that_concerns_nobody_or_someone_else_or_is_damaged()
    {
        var invalid = _image.Add(BuiltInChain.FilterForward, new TestRule().State(ConntrackStates.Invalid));
        var host = new Host(_image);
        host.Through(Frame.Udp(Server, 5000, Far, 53), Host.Eth1, Host.Eth0);
        var sent = host.Frame;
        host.Through(Frame.Error(Far, Server, 3, 3, Frame.Udp(Server, 5001, Far, 53)));
        host.Through(Frame.Error(Far, "10.0.0.6", 3, 3, sent));
        var damaged = Frame.Error(Far, Server, 3, 3, sent);
        damaged[^1] ^= 1;
        host.Through(damaged);
        Assert.Equal(3ul, host.Packets(invalid));
        host.Through(Frame.Error(Far, Server, 3, 3, sent));
        Assert.Equal(3ul, host.Packets(invalid));
    }

    [Fact]
    public void A_redirect_does_not_pass_translation()
    {
        _image.Add(BuiltInChain.NatPostrouting, new TestRule(TargetKind.Masquerade).Interface("eth0", true).Nat());
        _image.Policy(BuiltInChain.NatPrerouting, TargetKind.Accept);
        var host = new Host(_image);
        host.Through(Frame.Udp(Server, 5000, Far, 53), Host.Eth1, Host.Eth0);
        Assert.Equal(Host.Drop, host.In(Frame.Error("203.0.113.254", Own, 5, 1, host.Frame)));
    }

    [Fact]
    public void A_lost_note_costs_nothing_but_time()
    {
        _image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Destination(Own).Protocol(17).Ports(80, 80).Nat(low: Server, portLow: 8000));
        var host = new Host(_image);
        host.Through(Frame.Udp(Client, 40000, Own, 80));
        Assert.Equal(Host.Pass, host.In(Frame.Error(Server, Client, 3, 3, host.Frame), Host.Eth1));
        host.TcIndex = 0;
        Assert.Equal(Host.Pass, host.Onward(Host.Eth1, Host.Eth0));
        Is(host, Own, Client, $"{Client}:40000>{Own}:80");
    }
}
