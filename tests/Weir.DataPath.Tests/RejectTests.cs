using System.Buffers.Binary;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;
using Weir.DataPath.Tests.Bench;

namespace Weir.DataPath.Tests;

/// <summary>What REJECT makes of packets, and the answers' way out.</summary>
[Collection("Maps")]
public sealed unsafe class RejectTests
{
    private const string Client = "198.51.100.7", Own = "192.0.2.1", Inner = "10.0.0.1", Server = "10.0.0.5";
    private const int Redirect = TcAction.Redirect;

    private static Host Rejecting(BuiltInChain chain, RejectWith with = RejectWith.IcmpPortUnreachable, TestImage? image = null)
    {
        image ??= new TestImage();
        image.Add(chain, new TestRule(TargetKind.Reject).Argument((uint)with));
        return new Host(image);
    }

    private static ReadOnlySpan<byte> Message(Host host) => host.Frame.AsSpan(34);

    [Theory]
    [InlineData(RejectWith.IcmpNetUnreachable, 0)]
    [InlineData(RejectWith.IcmpHostUnreachable, 1)]
    [InlineData(RejectWith.IcmpProtoUnreachable, 2)]
    [InlineData(RejectWith.IcmpPortUnreachable, 3)]
    [InlineData(RejectWith.IcmpNetProhibited, 9)]
    [InlineData(RejectWith.IcmpHostProhibited, 10)]
    [InlineData(RejectWith.IcmpAdminProhibited, 13)]
    public void An_error_names_its_reason_and_quotes_the_packet(RejectWith with, byte code)
    {
        var host = Rejecting(BuiltInChain.FilterInput, with);
        host.Mark = 5;
        var frame = Frame.Udp(Client, 5000, Own, 53, 13);
        frame[15] = 0x1c;
        Frame.FixIp(frame);
        Assert.Equal(Redirect, host.In(frame));
        Assert.Equal((Host.Eth0, 0ul), host.Kernel.Redirected);
        Assert.Equal((Own, Client), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
        Assert.Equal((3, code, 0u), (Message(host)[0], Message(host)[1], BinaryPrimitives.ReadUInt32BigEndian(Message(host)[4..])));
        Assert.Equal((0xdc, 64, 1), (host.Frame[15], host.Frame[22], host.Frame[23]));
        Assert.Equal(frame[14..], Message(host)[8..].ToArray());
        Assert.Equal(Host.Pass, host.Follow());
        Assert.Equal(0u, host.Mark);
    }

    [Theory]
    [InlineData(519, 576)]
    [InlineData(520, 576)]
    [InlineData(521, 576)]
    [InlineData(1400, 576)]
    [InlineData(0, 56)]
    public void An_error_has_at_most_576_bytes(int payload, int length)
    {
        var host = Rejecting(BuiltInChain.FilterInput);
        Assert.Equal(Redirect, host.In(Frame.Udp(Client, 5000, Own, 53, payload)));
        Assert.Equal(Math.Min(length, 56 + payload), host.Frame.Length - 14);
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    [Theory]
    [InlineData(Frame.Syn, 0, 0u, 1001u, 0x14)]
    [InlineData(Frame.Syn, 7, 0u, 1008u, 0x14)]
    [InlineData(Frame.Fin, 7, 0u, 1008u, 0x14)]
    [InlineData(0, 7, 0u, 1007u, 0x14)]
    [InlineData(Frame.Ack, 7, 2000u, 0u, 0x04)]
    [InlineData(Frame.Syn | Frame.Ack, 0, 2000u, 0u, 0x04)]
    public void A_reset_takes_up_the_segments_numbers(int flags, int payload, uint sequence, uint acknowledgement, byte resetFlags)
    {
        var host = Rejecting(BuiltInChain.FilterInput, RejectWith.TcpReset);
        var frame = Frame.Tcp(Client, 40000, Own, 80, (byte)flags, payload);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(38), 1000);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(42), 2000);
        Frame.FixTransport(frame);
        Assert.Equal(Redirect, host.In(frame));
        Assert.Equal($"{Own}:80>{Client}:40000", Frame.Ends(host.Frame));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
        var tcp = Message(host);
        Assert.Equal((sequence, acknowledgement), (BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]), BinaryPrimitives.ReadUInt32BigEndian(tcp[8..])));
        Assert.Equal((0x50, resetFlags, 20), (tcp[12], tcp[13], tcp.Length));
        Assert.Equal((0, 0x40, 64, 0), (host.Frame[15], host.Frame[20], host.Frame[22], host.Frame[18] | host.Frame[19]));
    }

    public static TheoryData<string, RejectWith, byte[]> Unanswered()
    {
        var data = new TheoryData<string, RejectWith, byte[]>
        {
            { "a reset by a reset", RejectWith.TcpReset, Frame.Tcp(Client, 1, Own, 80, Frame.Rst | Frame.Ack) },
            { "UDP by a reset", RejectWith.TcpReset, Frame.Udp(Client, 1, Own, 80) },
            { "multicast", RejectWith.IcmpPortUnreachable, Frame.Udp(Client, 1, "224.0.0.1", 80) },
            { "broadcast", RejectWith.IcmpPortUnreachable, Frame.Udp(Client, 1, "255.255.255.255", 80) },
            { "from multicast", RejectWith.IcmpPortUnreachable, Frame.Udp("230.1.1.1", 1, Own, 80) },
            { "from nowhere", RejectWith.IcmpPortUnreachable, Frame.Udp("0.0.0.0", 1, Own, 80) },
            { "from loopback", RejectWith.IcmpPortUnreachable, Frame.Udp("127.0.0.1", 1, Own, 80) },
            { "from this host's address", RejectWith.IcmpPortUnreachable, Frame.Udp(Inner, 1, Own, 80) },
            { "an error", RejectWith.IcmpPortUnreachable, Frame.Error(Client, Own, 3, 3, Frame.Udp(Own, 1, Client, 2)) },
            { "an unknown type", RejectWith.IcmpPortUnreachable, Frame.Icmp(Client, Own, 30) },
            { "a reserved type", RejectWith.IcmpPortUnreachable, Frame.Icmp(Client, Own, 9) },
            { "a later fragment", RejectWith.IcmpPortUnreachable, Frame.Split(Frame.Udp(Client, 1, Own, 80, 100), 48).Later },
        };
        var broken = Frame.Udp(Client, 1, Own, 80);
        broken[43] ^= 1;
        data.Add("a wrong checksum", RejectWith.IcmpPortUnreachable, broken);
        broken = Frame.Tcp(Client, 1, Own, 80, Frame.Syn, 3);
        broken[40] ^= 1;
        data.Add("a wrong TCP checksum", RejectWith.TcpReset, broken);
        var link = Frame.Udp(Client, 1, Own, 80);
        link[0] = 0xff;
        data.Add("to a group's link address", RejectWith.IcmpPortUnreachable, link);
        return data;
    }

    [Theory]
    [MemberData(nameof(Unanswered))]
    public void Is_not_answered(string what, RejectWith with, byte[] frame)
    {
        var image = new TestImage();
        var rule = image.Add(BuiltInChain.FilterInput, new TestRule());
        var host = Rejecting(BuiltInChain.FilterInput, with, image);
        Assert.Equal(Host.Drop, host.In(frame));
        Assert.True(host.Kernel.Redirected is null, what);
        Assert.Equal(1ul, host.Packets(rule));
    }

    [Fact]
    public void A_checksum_that_is_left_to_the_device_is_not_wrong()
    {
        var host = Rejecting(BuiltInChain.FilterInput, RejectWith.TcpReset);
        var frame = Frame.Tcp(Client, 40000, Own, 80, Frame.Syn, 30);
        Frame.LeaveToDevice(frame);
        Assert.Equal(Redirect, host.In(frame));
        Assert.True(Frame.IsSound(host.Frame), "checksums");
    }

    [Fact]
    public void A_forwarded_packet_is_answered_towards_its_sender()
    {
        var host = Rejecting(BuiltInChain.FilterForward);
        Assert.Equal(Redirect, host.Through(Frame.Udp(Client, 5000, Server, 53)));
        Assert.Equal((Host.Eth0, 0ul), host.Kernel.Redirected);
        Assert.Equal((Own, Client), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal(Host.Pass, host.Follow());
    }

    [Theory]
    [InlineData(RejectWith.TcpReset, Client)]
    [InlineData(RejectWith.IcmpHostUnreachable, Own)]
    public void A_process_of_this_host_is_answered_through_the_loopback_device(RejectWith with, string source)
    {
        var image = new TestImage().Tracked();
        var input = image.Add(BuiltInChain.FilterInput, new TestRule().State(ConntrackStates.Related));
        image.Add(BuiltInChain.FilterOutput, new TestRule(TargetKind.Accept).State(ConntrackStates.Related));
        var host = Rejecting(BuiltInChain.FilterOutput, with, image);
        Assert.Equal(Redirect, host.Out(Frame.Tcp(Own, 40000, Client, 80, Frame.Syn)));
        Assert.Equal((Host.Lo, 0ul), host.Kernel.Redirected);
        Assert.Equal((source, Own), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal(Host.Pass, host.Follow());
        Assert.Equal(Host.Pass, host.In(host.Frame, Host.Lo));
        Assert.Equal((1ul, 0), (host.Packets(input), Maps.Flows.Count));
    }

    [Theory]
    [InlineData(RejectWith.TcpReset)]
    [InlineData(RejectWith.IcmpAdminProhibited)]
    public void An_answer_comes_from_where_the_packet_was_sent(RejectWith with)
    {
        var image = new TestImage().Tracked();
        image.Add(BuiltInChain.NatPrerouting, new TestRule(TargetKind.Dnat).Protocol(6).Destination(Own).Ports(80, 80).Nat(low: Server, portLow: 8000));
        image.Policy(BuiltInChain.NatPostrouting, TargetKind.Accept);
        var output = image.Add(BuiltInChain.FilterOutput, new TestRule().State(ConntrackStates.Related));
        var host = Rejecting(BuiltInChain.FilterForward, with, image);
        Assert.Equal(Redirect, host.Through(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn)));
        Assert.Equal(0, Maps.Flows.Count);
        Assert.Equal(Host.Pass, host.Follow());
        Assert.True(Frame.IsSound(host.Frame), "checksums");
        Assert.Equal(1ul, host.Packets(output));
        // A new flow's reset is shown to nat POSTROUTING.
        Assert.Equal(with == RejectWith.TcpReset ? 1ul : 0, host.PolicyPackets(BuiltInChain.NatPostrouting));
        if (with == RejectWith.TcpReset)
        {
            Assert.Equal($"{Own}:80>{Client}:40000", Frame.Ends(host.Frame));
            return;
        }
        Assert.Equal((Own, Client), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal($"{Client}:40000>{Own}:80", Frame.Ends(Frame.Quoted(host.Frame)));
        Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)), "checksums inside");
    }

    [Fact]
    public void A_reset_closes_the_flow()
    {
        var image = new TestImage().Tracked();
        image.Add(BuiltInChain.FilterInput, new TestRule(TargetKind.Reject).Protocol(6).TcpFlags(Frame.Psh, Frame.Psh).Argument((uint)RejectWith.TcpReset));
        var host = new Host(image);
        host.In(Frame.Tcp(Client, 40000, Own, 80, Frame.Syn));
        host.Out(Frame.Tcp(Own, 80, Client, 40000, Frame.Syn | Frame.Ack));
        host.In(Frame.Tcp(Client, 40000, Own, 80, Frame.Ack));
        Assert.Equal(Redirect, host.In(Frame.Tcp(Client, 40000, Own, 80, Frame.Ack | Frame.Psh, 10)));
        var flow = Assert.Single(Maps.Flows.Entries()).Value;
        Assert.Equal((TcpState.Close, 10ul), (flow.TcpState, (flow.Expires - host.Kernel.Now) / 1_000_000_000));
        Assert.Equal(Host.Pass, host.Follow());
    }

    [Fact]
    public void No_more_errors_are_sent_than_the_kernel_may()
    {
        var host = Rejecting(BuiltInChain.FilterInput);
        *Maps.AnswerLimits.At(0) = new AnswerLimits { Interval = 1_000_000_000, OverallInterval = 100_000_000, OverallBurst = 10 };
        int Answered(string client, int packets) => Enumerable.Range(0, packets).Count(_ => host.In(Frame.Udp(client, 5000, Own, 53)) == Redirect);
        Assert.Equal(6, Answered(Client, 20));
        host.Wait(1);
        Assert.Equal(1, Answered(Client, 1));
        host.Wait(1);
        Assert.Equal((1, 6), (Answered(Client, 5), Answered("198.51.100.8", 8)));
        host.Wait(0.5);
        // Clients without end.
        Assert.Equal(8, Enumerable.Range(10, 30).Sum(i => Answered($"198.51.100.{i}", 1)));
        host.Wait(3600);
        Assert.Equal(10, Enumerable.Range(10, 30).Sum(i => Answered($"198.51.100.{i}", 1)));
    }

    [Fact]
    public void Answers_obey_the_output_chains()
    {
        var image = new TestImage();
        image.Add(BuiltInChain.FilterOutput, new TestRule(TargetKind.Drop).Protocol(1));
        var host = Rejecting(BuiltInChain.FilterInput, image: image);
        Assert.Equal(Redirect, host.In(Frame.Udp(Client, 5000, Own, 53)));
        Assert.Equal(Host.Drop, host.Follow());
    }
}
