using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.DataPath.Tests.Bench;
using Frame = Weir.DataPath.Tests.Bench.FrameIPv6;

namespace Weir.DataPath.Tests.Services;

/// <summary>Virtual services over IPv6: what is tracked and translated, and what is left alone.</summary>
[Collection("Maps")]
public sealed unsafe class IPv6ServiceTests
{
    private const string Client = "2001:db8::7", Virtual = "fd01::1", First = "fd02::b", Second = "fd02::c";
    private const byte Syn = Bench.Frame.Syn, Ack = Bench.Frame.Ack;

    private readonly TestImage _image = new TestImage().Tracked();

    public IPv6ServiceTests() => _image.Flags |= ActiveImage.Services;

    private static ServiceBench Serve(Scheduler scheduler = Scheduler.RoundRobin, byte protocol = 6, Action<ServiceBench>? change = null)
    {
        var bench = new ServiceBench(scheduler);
        bench.Key.Address = Host.Address(Virtual);
        bench.Key.Protocol = protocol;
        change?.Invoke(bench);
        bench.Add("first", 1);
        bench.Add("second", 1);
        bench.ServerOf("first")->Address = Host.Address(First);
        bench.ServerOf("second")->Address = Host.Address(Second);
        return bench;
    }

    private static void Sent(Host host, string ends)
    {
        Assert.Equal(ends, Frame.Ends(host.Frame));
        Assert.True(Frame.IsSound(host.Frame), "checksum");
    }

    [Fact]
    public void A_connection_goes_to_its_server_and_back_past_all_rules()
    {
        _image.Add(BuiltInChain.FilterInput, new TestRule(TargetKind.Drop));
        _image.Add(BuiltInChain.FilterForward, new TestRule(TargetKind.Drop));
        var host = new Host(_image);
        var bench = Serve();
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Syn)));
        Sent(host, $"[{Client}]:40000>[{Second}]:80");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Second, 80, Client, 40000, Syn | Ack), Host.Eth1, Host.Eth0));
        Sent(host, $"[{Virtual}]:80>[{Client}]:40000");
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Ack, 100)));
        Sent(host, $"[{Client}]:40000>[{Second}]:80");
        var server = bench.ServerOf("second");
        Assert.Equal((1, 0, 1ul, 2ul, 1ul), (server->Active, server->Inactive, server->Connections, server->InPackets, server->OutPackets));
        Assert.Equal((220ul, 60ul), (server->InBytes, server->OutBytes));
        Assert.Equal(IpvsState.Established, Assert.Single(Maps.Flows.Entries()).Value.IpvsState);
    }

    [Fact]
    public void An_SCTP_association_gets_its_servers_port_and_a_right_checksum()
    {
        var host = new Host(_image);
        var bench = Serve(protocol: 132);
        bench.ServerOf("second")->PortBe = Bits.Swap(9900);
        byte[] Sctp(string source, int sourcePort, string destination, int destinationPort, byte chunk) =>
            Frame.Packet(132, source, destination, Bench.Frame.Sctp(sourcePort, destinationPort, chunk, 41), -1, Frame.Extension(60, 1, 4));
        Assert.Equal(Host.Pass, host.Through(Sctp(Client, 40000, Virtual, 80, SctpStates.Init)));
        Sent(host, $"[{Client}]:40000>[{Second}]:9900");
        Assert.Equal(Host.Pass, host.Through(Sctp(Second, 9900, Client, 40000, 11), Host.Eth1, Host.Eth0));
        Sent(host, $"[{Virtual}]:80>[{Client}]:40000");
        Assert.Equal(SctpState.Established, (SctpState)Assert.Single(Maps.Flows.Entries()).Value.IpvsState);
    }

    [Fact]
    public void Packets_after_the_first_leave_at_once_with_a_hop_less()
    {
        var host = new Host(_image);
        Serve();
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Syn));
        host.Through(Frame.Tcp(Second, 80, Client, 40000, Syn | Ack), Host.Eth1, Host.Eth0);
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Ack));
        Assert.Equal(TcAction.Redirect, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Ack, 7)));
        Sent(host, $"[{Client}]:40000>[{Second}]:80");
        Assert.Equal((63, Host.Eth1), (host.Frame[Frame.Ip + 7], host.Kernel.Redirected!.Value.IfIndex));
        Assert.Equal(Host.Pass, host.Follow());
        // The last hop is the stack's to refuse.
        var last = Frame.Tcp(Client, 40000, Virtual, 80, Ack, 7);
        last[Frame.Ip + 7] = 1;
        Assert.Equal(Host.Pass, host.In(last));
    }

    public static TheoryData<string, byte[]> Extensions => new()
    {
        { "hop by hop", Frame.Extension(0, 5, 2) },
        { "destination options", Frame.Extension(60, 1, 4) },
        { "routing, at its end", Frame.Extension(43) },
        { "a fragment by itself", Frame.Extension(44) },
        { "all of them", [.. Frame.Extension(0, 5, 2), .. Frame.Extension(60, 1, 4), .. Frame.Extension(43), .. Frame.Extension(44)] },
    };

    [Theory]
    [MemberData(nameof(Extensions))]
    public void Extension_headers_are_stepped_over(string what, byte[] extensions)
    {
        _ = what;
        var host = new Host(_image);
        Serve(protocol: 17);
        Assert.Equal(Host.Pass, host.Through(Frame.Udp(Client, 5000, Virtual, 80, 8, extensions)));
        Sent(host, $"[{Client}]:5000>[{Second}]:80");
    }

    public static TheoryData<string, byte[]> LeftAlone => new()
    {
        { "neighbour solicitation", Frame.Icmp("fd01::9", Virtual, 135) },
        { "neighbour advertisement", Frame.Icmp("fd01::9", Virtual, 136) },
        { "router solicitation", Frame.Icmp("fe80::1", "ff02::2", 133) },
        { "membership report", Frame.Icmp("fe80::1", "ff02::16", 143) },
        { "duplicate address detection", Frame.Icmp("::", "ff02::1:ff00:1", 135) },
        { "link-local", Frame.Tcp("fe80::1", 1000, Virtual, 80, Syn) },
        { "multicast", Frame.Udp(Client, 1000, "ff05::1", 80) },
        { "on its way elsewhere", Frame.Tcp(Client, 1000, Virtual, 80, Syn, 0, Frame.Extension(43, 0, 1)) },
        { "too many headers", Frame.Tcp(Client, 1000, Virtual, 80, Syn, 0, [.. Enumerable.Repeat(Frame.Extension(60), 7).SelectMany(bytes => bytes)]) },
        { "ICMP of the other version", Frame.Packet(1, Client, Virtual, new byte[8], 2) },
    };

    [Theory]
    [MemberData(nameof(LeftAlone))]
    public void What_no_connection_consists_of_is_left_alone(string what, byte[] frame)
    {
        var host = new Host(_image);
        Serve();
        Assert.Equal(Host.Pass, host.In(frame));
        Assert.Equal(frame, host.Frame);
        Assert.Equal(Host.Pass, host.Out(frame));
        Assert.Equal(frame, host.Frame);
        // Other protocols have flows, too.
        if (what != "ICMP of the other version") Assert.Equal(0, Maps.Flows.Count);
    }

    [Fact]
    public void Without_services_nothing_is_tracked()
    {
        _image.Flags &= ~ActiveImage.Services;
        var host = new Host(_image);
        Assert.Equal(Host.Pass, host.Through(Frame.Tcp(Client, 40000, First, 80, Syn)));
        Assert.Equal(0, Maps.Flows.Count);
    }

    [Fact]
    public void Fragments_follow_the_first_one()
    {
        var host = new Host(_image);
        Serve(protocol: 17);
        var (first, later) = Frame.Split(Frame.Udp(Client, 5000, Virtual, 80, 100), 64);
        Assert.Equal(Host.Pass, host.Through(first));
        var translated = host.Frame;
        Assert.Equal(Host.Pass, host.Through(later));
        var whole = Frame.Join(translated, host.Frame);
        Assert.Equal($"[{Client}]:5000>[{Second}]:80", Frame.Ends(whole));
        Assert.True(Frame.IsSound(whole));
        // One whose first was not seen says nothing.
        var (_, unknown) = Frame.Split(Frame.Udp(Client, 5000, Virtual, 80, 100), 64, 99);
        Assert.Equal(Host.Pass, host.Through(unknown));
        Assert.Equal(Virtual, Frame.Destination(host.Frame));
    }

    [Theory]
    [InlineData(2, 0, 1232)]
    [InlineData(1, 4, 1232)]
    [InlineData(1, 4, 48)]
    [InlineData(3, 0, 1232)]
    [InlineData(4, 1, 1232)]
    public void An_error_about_a_translated_packet_reaches_who_sent_it(byte type, byte code, int quoted)
    {
        var host = new Host(_image);
        Serve();
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Syn));
        var toServer = host.Frame;
        // From behind, about what the client sent.
        Assert.Equal(Host.Pass, host.Through(Frame.Error("fd02::fe", Client, type, code, toServer, quoted, 1280), Host.Eth1, Host.Eth0));
        Assert.Equal((Virtual, Client), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal($"[{Client}]:40000>[{Virtual}]:80", Frame.Ends(Frame.Quoted(host.Frame)));
        Assert.True(Frame.IsSound(host.Frame));
        if (quoted > 1000) Assert.True(Frame.IsSound(Frame.Quoted(host.Frame)));
        // From in front, about what the server sent.
        host.Through(Frame.Tcp(Second, 80, Client, 40000, Syn | Ack), Host.Eth1, Host.Eth0);
        Assert.Equal(Host.Pass, host.Through(Frame.Error("2001:db8::fe", Virtual, type, code, host.Frame, quoted, 1280)));
        Assert.Equal(("2001:db8::fe", Second), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal($"[{Second}]:80>[{Client}]:40000", Frame.Ends(Frame.Quoted(host.Frame)));
        Assert.True(Frame.IsSound(host.Frame));
    }

    [Fact]
    public void An_error_about_fragments_is_read()
    {
        var host = new Host(_image);
        Serve(protocol: 17);
        host.Through(Frame.Split(Frame.Udp(Client, 5000, Virtual, 80, 100), 64).First);
        Assert.Equal(Host.Pass, host.Through(Frame.Error("fd02::fe", Client, 2, 0, host.Frame, 1232, 1280), Host.Eth1, Host.Eth0));
        Assert.Equal($"[{Client}]:5000>[{Virtual}]:80", Frame.Ends(Frame.Quoted(host.Frame)));
        Assert.True(Frame.IsSound(host.Frame));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1400)]
    public void Without_a_server_the_client_is_told(int payload)
    {
        var host = new Host(_image);
        var bench = Serve(protocol: 17);
        bench.Remove("first");
        bench.Remove("second");
        var frame = Frame.Udp(Client, 5000, Virtual, 80, payload);
        Assert.Equal(TcAction.Redirect, host.In(frame));
        Assert.Equal((Virtual, Client), (Frame.Source(host.Frame), Frame.Destination(host.Frame)));
        Assert.Equal((58, 1, 4), (host.Frame[Frame.Ip + 6], host.Frame[Frame.Ip + 40], host.Frame[Frame.Ip + 41]));
        Assert.True(Frame.IsSound(host.Frame));
        Assert.Equal(Math.Min(frame.Length - Frame.Ip, 1232), host.Frame.Length - Frame.Ip - 48);
        Assert.Equal(frame[Frame.Ip..][..(host.Frame.Length - Frame.Ip - 48)], host.Frame[(Frame.Ip + 48)..]);
        Assert.Equal(Host.Pass, host.Follow());
        Assert.Equal(0, Maps.Flows.Count);
    }

    [Fact]
    public void Persistence_goes_by_a_prefix()
    {
        var host = new Host(_image);
        Serve(change: bench =>
        {
            bench.Record.PersistenceTimeout = 60;
            bench.Record.PersistenceMaskBe = Bits.Swap(49u);
        });
        foreach (var (client, server) in new[] { ("2001:db8:0:7fff::1", Second), ("2001:db8:0:8000::1", First), ("2001:db8:0:1::2", Second), ("2001:db8:0:ffff::9", First) })
        {
            Assert.Equal(Host.Pass, host.Through(Frame.Tcp(client, 40000, Virtual, 80, Syn)));
            Sent(host, $"[{client}]:40000>[{server}]:80");
        }
        Assert.Equal(2, Maps.Templates.Count);
    }

    [Fact]
    public void Services_by_mark_are_of_one_family()
    {
        var host = new Host(_image) { Mark = 7 };
        Serve(change: bench => bench.Key = new ServiceKey { Mark = 7 });
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Syn));
        Sent(host, $"[{Client}]:40000>[{Virtual}]:80");
        host = new Host(_image) { Mark = 7 };
        Serve(change: bench => bench.Key = new ServiceKey { Mark = 7, Scope = ServiceKey.IPv6 });
        host.Through(Frame.Tcp(Client, 40000, Virtual, 80, Syn));
        Sent(host, $"[{Client}]:40000>[{Second}]:80");
    }

    [Fact]
    public void A_server_by_direct_routing_gets_the_packet_as_it_is()
    {
        var host = new Host(_image);
        var bench = Serve();
        bench.ServerOf("second")->Method = ForwardingMethod.DirectRoute;
        Assert.Equal(TcAction.Redirect, host.In(Frame.Tcp(Client, 40000, Virtual, 80, Syn)));
        Sent(host, $"[{Client}]:40000>[{Virtual}]:80");
        Assert.Equal((63, Host.Eth1), (host.Frame[Frame.Ip + 7], host.Kernel.Redirected!.Value.IfIndex));
    }
}
