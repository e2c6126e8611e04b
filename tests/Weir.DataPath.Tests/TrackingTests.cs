using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Tests.Bench;
using static Weir.DataPath.Image.ConntrackStates;

namespace Weir.DataPath.Tests;

/// <summary>Connection tracking: states, time-outs, and the bound.</summary>
[Collection("Maps")]
public sealed class TrackingTests
{
    private const string Client = "198.51.100.7", Own = "192.0.2.1", Server = "10.0.0.5";

    private readonly TestImage _image = new TestImage().Tracked();

    private static byte[] Request(byte flags, int port = 40000) => Frame.Tcp(Client, port, Own, 80, flags);

    private static byte[] Answer(byte flags, int port = 40000) => Frame.Tcp(Own, 80, Client, port, flags);

    private static Flow TheFlow => Assert.Single(Maps.Flows.Entries()).Value;

    private static double Left(Host host) => (TheFlow.Expires - host.Kernel.Now) / 1e9;

    [Fact]
    public void States_of_a_connection_to_this_host()
    {
        var rules = new Dictionary<ConntrackStates, TestRule>();
        foreach (var state in new[] { New, Established, Related, Invalid, Untracked })
            rules[state] = _image.Add(BuiltInChain.FilterInput, new TestRule().State(state));
        var host = new Host(_image);
        host.In(Request(Frame.Syn));
        host.Out(Answer(Frame.Syn | Frame.Ack));
        host.In(Request(Frame.Ack));
        host.In(Frame.Tcp(Client, 1, Own, 2, Frame.Syn | Frame.Fin));
        host.In(Frame.Icmp(Client, Own, 0));
        Assert.Equal(1ul, host.Packets(rules[New]));
        Assert.Equal(1ul, host.Packets(rules[Established]));
        Assert.Equal(2ul, host.Packets(rules[Invalid]));
        Assert.Equal(0ul, host.Packets(rules[Related]) + host.Packets(rules[Untracked]));
        var flow = TheFlow;
        Assert.Equal(TcpState.Established, flow.TcpState);
        Assert.Equal(FlowStatus.SeenReply | FlowStatus.Assured | FlowStatus.Confirmed, flow.Status & (FlowStatus)0xe);
        Assert.Equal((2ul, 1ul), (flow.OriginalPackets, flow.ReplyPackets));
    }

    [Theory]
    [InlineData("C:S", TcpState.SynSent, 120)]
    [InlineData("C:S S:SA", TcpState.SynReceived, 60)]
    [InlineData("C:S S:SA C:A", TcpState.Established, 432000)]
    [InlineData("C:S S:SA C:A C:FA", TcpState.FinWait, 120)]
    [InlineData("C:S S:SA C:A C:FA S:A", TcpState.CloseWait, 60)]
    [InlineData("C:S S:SA C:A C:FA S:A S:FA", TcpState.LastAck, 30)]
    [InlineData("C:S S:SA C:A C:FA S:A S:FA C:A", TcpState.TimeWait, 120)]
    [InlineData("C:S S:SA C:A S:R", TcpState.Close, 10)]
    [InlineData("C:S S:SA C:A C:FA S:A S:FA C:A C:S", TcpState.SynSent, 120)]
    [InlineData("C:A", TcpState.Established, 300)]
    [InlineData("C:S S:S", TcpState.SynSent2, 120)]
    [InlineData("C:S S:SA C:A C:S", TcpState.Established, 432000)]
    public void Tcp_states_and_time_outs(string segments, TcpState state, double seconds)
    {
        var host = new Host(_image);
        foreach (var segment in segments.Split(' '))
        {
            byte flags = 0;
            foreach (var letter in segment[2..]) flags |= letter switch { 'S' => Frame.Syn, 'A' => Frame.Ack, 'F' => Frame.Fin, _ => Frame.Rst };
            if (segment[0] == 'C') host.In(Request(flags));
            else host.Out(Answer(flags));
        }
        Assert.Equal(state, TheFlow.TcpState);
        Assert.Equal(seconds, Left(host), 0.01);
    }

    [Fact]
    public void Flows_end_in_time_and_a_shorter_end_counts()
    {
        var host = new Host(_image);
        host.In(Request(Frame.Syn));
        host.Out(Answer(Frame.Syn | Frame.Ack));
        host.In(Request(Frame.Ack));
        host.Wait(1000);
        Assert.Single(Maps.Flows.Entries());
        host.In(Request(Frame.Rst));
        host.Wait(9);
        Assert.Single(Maps.Flows.Entries());
        host.Wait(2);
        Assert.Equal((0, 0), (Maps.Flows.Count, Maps.Replies.Count));
    }

    [Fact]
    public void A_refused_connection_is_forgotten()
    {
        var host = new Host(_image);
        host.In(Request(Frame.Syn));
        host.Out(Answer(Frame.Rst | Frame.Ack));
        host.Wait(1.1);
        Assert.Equal(0, Maps.Flows.Count);
    }

    [Fact]
    public void Udp_becomes_a_stream()
    {
        var host = new Host(_image);
        host.In(Frame.Udp(Client, 5000, Own, 53));
        Assert.Equal(30, Left(host), 0.01);
        host.Out(Frame.Udp(Own, 53, Client, 5000));
        host.In(Frame.Udp(Client, 5000, Own, 53));
        Assert.Equal(30, Left(host), 0.01);
        host.Wait(3);
        host.In(Frame.Udp(Client, 5000, Own, 53));
        Assert.Equal(120, Left(host), 0.01);
        Assert.True((TheFlow.Status & FlowStatus.Assured) != 0);
    }

    [Fact]
    public void Echo_requests_are_flows_by_identifier()
    {
        var established = _image.Add(BuiltInChain.FilterOutput, new TestRule().State(Established));
        var host = new Host(_image);
        host.In(Frame.Icmp(Client, Own, 8, 0, 1));
        host.In(Frame.Icmp(Client, Own, 8, 0, 2));
        Assert.Equal(2, Maps.Flows.Count);
        host.Out(Frame.Icmp(Own, Client, 0, 0, 1));
        Assert.Equal(1ul, host.Packets(established));
        Assert.Equal(2, Maps.Flows.Count);
    }

    [Fact]
    public void A_dropped_first_packet_leaves_no_flow()
    {
        _image.Add(BuiltInChain.FilterInput, new TestRule(TargetKind.Drop).Protocol(6));
        _image.Add(BuiltInChain.FilterForward, new TestRule(TargetKind.Drop).Protocol(6));
        var host = new Host(_image);
        Assert.Equal(Host.Drop, host.In(Request(Frame.Syn)));
        Assert.Equal(Host.Drop, host.Through(Frame.Tcp(Client, 1, Server, 80, Frame.Syn)));
        Assert.Equal((0, 0), (Maps.Flows.Count, Maps.Replies.Count));
    }

    [Fact]
    public void A_forwarded_flow_is_confirmed_where_it_leaves()
    {
        var established = _image.Add(BuiltInChain.FilterForward, new TestRule().State(Established));
        var host = new Host(_image);
        host.In(Frame.Tcp(Client, 1, Server, 80, Frame.Syn));
        Assert.True((TheFlow.Status & FlowStatus.Confirmed) == 0);
        host.Onward(Host.Eth0, Host.Eth1);
        Assert.True((TheFlow.Status & FlowStatus.Confirmed) != 0);
        host.Through(Frame.Tcp(Server, 80, Client, 1, Frame.Syn | Frame.Ack), Host.Eth1, Host.Eth0);
        host.Through(Frame.Tcp(Client, 1, Server, 80, Frame.Ack));
        Assert.Equal(2ul, host.Packets(established));
        Assert.Equal(1, Maps.Flows.Count);
    }

    [Fact]
    public void A_lost_note_does_not_lose_the_flow()
    {
        var established = _image.Add(BuiltInChain.FilterForward, new TestRule().State(Established));
        var host = new Host(_image);
        host.Through(Frame.Tcp(Client, 1, Server, 80, Frame.Syn));
        host.In(Frame.Tcp(Server, 80, Client, 1, Frame.Syn | Frame.Ack), Host.Eth1);
        host.TcIndex = 0;
        Assert.Equal(Host.Pass, host.Onward(Host.Eth1, Host.Eth0));
        Assert.Equal(1ul, host.Packets(established));
    }

    [Fact]
    public void Untracked_packets_have_no_flow()
    {
        _image.Add(BuiltInChain.RawPrerouting, new TestRule(TargetKind.NoTrack));
        var untracked = _image.Add(BuiltInChain.FilterInput, new TestRule().State(Untracked));
        var host = new Host(_image);
        host.In(Request(Frame.Syn));
        Assert.Equal(1ul, host.Packets(untracked));
        Assert.Equal(0, Maps.Flows.Count);
    }

    [Fact]
    public void A_flood_displaces_itself_only()
    {
        var host = new Host(_image);
        host.In(Request(Frame.Syn, 1));
        host.Out(Answer(Frame.Syn | Frame.Ack, 1));
        host.In(Request(Frame.Ack, 1));
        for (var port = 1000; port < 1500; port++) host.In(Request(Frame.Syn, port));
        Assert.Equal(17, Maps.Flows.Count);
        Assert.Contains(Maps.Flows.Entries(), entry => entry.Value.TcpState == TcpState.Established);
    }

    [Fact]
    public void Connections_above_the_limit_match_until_one_closes()
    {
        _image.Add(BuiltInChain.FilterInput, new TestRule(TargetKind.Drop).Protocol(6).Match(
            new ConnLimitMatchCell { Kind = MatchKind.ConnLimit, StateSlot = 3, Limit = 2, PrefixLength = 32 }));
        var host = new Host(_image);
        Assert.Equal(Host.Pass, Connect(1));
        Assert.Equal(Host.Pass, Connect(2));
        Assert.Equal(Host.Drop, host.In(Request(Frame.Syn, 3)));
        Assert.Equal(Host.Pass, host.In(Request(Frame.Ack, 1)));
        host.In(Request(Frame.Rst, 1));
        Assert.Equal(Host.Pass, Connect(4));
        Assert.Equal(Host.Drop, host.In(Request(Frame.Syn, 5)));

        int Connect(int port)
        {
            var action = host.In(Request(Frame.Syn, port));
            host.Out(Answer(Frame.Syn | Frame.Ack, port));
            host.In(Request(Frame.Ack, port));
            return action;
        }
    }

    [Fact]
    public void Later_fragments_belong_to_the_flow_and_unknown_ones_are_dropped()
    {
        var newRule = _image.Add(BuiltInChain.FilterInput, new TestRule().State(New).Protocol(17).Ports(53, 53));
        var host = new Host(_image);
        var (first, later) = Frame.Split(Frame.Udp(Client, 5000, Own, 53, 100), 64);
        Assert.Equal(Host.Drop, host.In(later));
        Assert.Equal(Host.Pass, host.In(first));
        Assert.Equal(Host.Pass, host.In(later));
        Assert.Equal(2ul, host.Packets(newRule));
    }
}
