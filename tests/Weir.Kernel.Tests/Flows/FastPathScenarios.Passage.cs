using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>A flow's first packets leave at ingress too, where nobody else has a say; whoever gets one is heard by the next new flow.</summary>
public abstract partial class FastPathScenarios
{
    [Fact]
    public void New_flows_leave_at_once() => NewOnesPassTheStackBy();

    [Fact]
    public void Packets_without_tracking_leave_at_once()
    {
        ForgetTracking();
        NewOnesPassTheStackBy();
        // Any change of rules and routes is for the next packet.
        _director.Run($"ip route change {Target} via 10.3.0.2");
        Assert.Equal("second", AskAnew());
        _director.Run($"{Shell.Weir("iptables")} -I FORWARD -p udp --dport 7 -j DROP");
        Assert.False(IsAnswered());
        Assert.Equal(1L, Packets(1));
        // What is for the director is delivered there.
        using var server = new NamedServer(_director, "director", "10.1.0.1", 7);
        using var socket = Connected("10.1.0.1", 7);
        Assert.Equal("director", Ask(socket, 2000, 20));
        Assert.Equal(1, long.Parse(_director.Run($"{Shell.Weir("iptables")} -nvxL INPUT").Split('\n')[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("ip xfrm policy add src 10.1.0.0/24 dst 10.9.0.1/32 dir fwd action block", "ip xfrm policy flush")]
    [InlineData("iptables-legacy -A FORWARD -p udp --dport 7 -j DROP", "iptables-legacy -F FORWARD")]
    [InlineData("iptables-legacy -t mangle -A PREROUTING -p udp --dport 7 -j DROP", "iptables-legacy -t mangle -F PREROUTING")]
    [InlineData("iptables-legacy -t mangle -A POSTROUTING -p udp --dport 7 -j DROP", "iptables-legacy -t mangle -F POSTROUTING")]
    [InlineData("nft 'add table netdev t; add chain netdev t c { type filter hook ingress device net1 priority 0; }; add rule netdev t c udp dport 7 drop'", "nft delete table netdev t")]
    public void Another_one_who_drops_is_heard(string begin, string end)
    {
        Hears(begin, end);
        ForgetTracking();
        Hears(begin, end);
    }

    private void NewOnesPassTheStackBy()
    {
        Assert.Equal("first", AskAnew());
        var forwarded = Counter("Ip", "ForwDatagrams");
        for (var n = 0; n < 50; n++) Assert.Equal("first", AskAnew());
        // What is seen of a device holds for milliseconds; the look at it is no packet's detour.
        Assert.Equal(forwarded, Counter("Ip", "ForwDatagrams"));
        Assert.Equal(51L, Packets(1));
        Assert.Equal(51L, Packets(2));
    }

    private void Hears(string begin, string end)
    {
        Assert.Equal("first", AskAnew());
        Assert.Equal(0, _director.Execute(["sh", "-c", begin]).Code);
        // Within milliseconds.
        Assert.True(Wait.Until(() => !IsAnswered()), "new flows still pass");
        Assert.False(IsAnswered());
        Assert.Equal(0, _director.Execute(["sh", "-c", end]).Code);
        Assert.Equal("first", AskAnew());
    }

    [Fact]
    public void Other_filters_of_the_device_see_new_flows()
    {
        Assert.Equal("first", AskAnew());
        _director.Run("tc qdisc add dev net1 clsact");
        _director.Run("tc filter add dev net1 ingress protocol ip u32 match ip src 192.0.2.1/32 classid 1:1");
        Assert.True(Wait.Until(() => Forwarded() > 0), "new flows still pass");
        Assert.Equal(1, Forwarded());
        _director.Run("tc qdisc del dev net1 clsact");
        Assert.True(Wait.Until(() => Forwarded() == 0), "new flows do not pass again");

        long Forwarded()
        {
            var before = Counter("Ip", "ForwDatagrams");
            Assert.Equal("first", AskAnew());
            return Counter("Ip", "ForwDatagrams") - before;
        }
    }

    [Theory]
    [InlineData(1, 0x0a030002u, false)]
    [InlineData(0, 0x0a030002u, true)]
    [InlineData(2, 0xc0a80001u, false)]
    [InlineData(0, 0x0a020001u, false)]
    [InlineData(0, 0x7f000001u, false)]
    [InlineData(0, 0xe0000001u, false)]
    [InlineData(0, 0xffffffffu, false)]
    public void A_new_flow_needs_the_source_that_the_reverse_path_filter_asks_for(int filter, uint source, bool passes)
    {
        _director.Run($"sysctl -qw net.ipv4.conf.all.rp_filter={filter} net.ipv4.conf.net1.rp_filter={filter}");
        NeedsSource(source, passes);
        ForgetTracking();
        NeedsSource(source, passes);
    }

    private void NeedsSource(uint source, bool passes)
    {
        Assert.Equal("first", AskAnew());
        var received = Received();
        _client.Inside(() =>
        {
            using var socket = new PacketSocket("net1");
            for (ushort port = 1; port <= 20; port++) socket.Send(Frame.Build(Mac(_director, "net1"), Mac(_client, "net1"), source, 0x0a090001, 17, Frame.Udp(port, 7, 20)));
            return true;
        });
        Assert.Equal("first", AskAnew());
        Assert.Equal(received + (passes ? 21 : 1), Received());
    }

    [Fact]
    public void Connections_of_a_service_leave_at_once_unless_another_one_drops_them()
    {
        _director.Run($"{Shell.Weir("weir")} down");
        _director.Run($"{Shell.Weir("ipvsadm")} -A -u 10.1.0.1:9");
        _director.Run($"{Shell.Weir("ipvsadm")} -a -u 10.1.0.1:9 -r {Target}:7 -m");
        if (_xdp) XdpDevices.TurnOn(_director, (1, _client), (2, _first), (3, _second));
        Assert.True(Succeeds(2000));
        var (forwarded, sent) = (Counter("Ip", "ForwDatagrams"), _xdp ? XdpDevices.Sent(_director) : 0);
        for (var n = 0; n < 50; n++) Assert.True(Succeeds(2000));
        Assert.Equal(forwarded, Counter("Ip", "ForwDatagrams"));
        // For each device TC has a packet in each few milliseconds.
        if (_xdp) Assert.InRange(XdpDevices.Sent(_director) - sent, 10, 100);
        _director.Run("iptables-legacy -A FORWARD -p udp --dport 7 -j DROP");
        Assert.True(Wait.Until(() => !Succeeds(200)), "new connections still pass");
        Assert.False(Succeeds(200));
        _director.Run("iptables-legacy -F FORWARD");
        Assert.True(Succeeds(2000));

        bool Succeeds(int patience)
        {
            using var socket = Connected("10.1.0.1", 9);
            try
            {
                return Ask(socket, patience, 20) == "first";
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_translated_flow_that_left_at_once_may_go_through_the_stack_later()
    {
        _director.Run($"{Shell.Weir("iptables")} -t nat -A PREROUTING -d 10.1.0.1 -p udp --dport 8 -j DNAT --to-destination {Target}:7");
        using var socket = Connected("10.1.0.1", 8);
        var forwarded = Counter("Ip", "ForwDatagrams");
        for (var n = 0; n < 10; n++) Assert.Equal("first", Ask(socket, 2000, 20));
        Assert.True(Counter("Ip", "ForwDatagrams") <= forwarded + 2);
        // In fragments, which the stack forwards.
        socket.SetRawSocketOption(0, 10, BitConverter.GetBytes(0));
        for (var n = 0; n < 10; n++) Assert.Equal("first", Ask(socket, 2000, 1900));
        Assert.True(Counter("Ip", "ForwDatagrams") >= forwarded + 20);
        for (var n = 0; n < 10; n++) Assert.Equal("first", Ask(socket, 2000, 20));
    }

    /// <summary>From now on no rule asks for flows.</summary>
    private void ForgetTracking() => _director.Run($"{Shell.Weir("iptables-restore")} -w", "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        + "-A INPUT -p udp --dport 7\n-A FORWARD -p udp --dport 7 -j ACCEPT\n-A FORWARD -p udp --sport 7 -j ACCEPT\nCOMMIT\n");

    /// <summary>Asks from a port of its own: a new flow.</summary>
    private string AskAnew(int patience = 2000)
    {
        using var socket = Connected(Target, 7);
        return Ask(socket, patience, 20);
    }

    private bool IsAnswered()
    {
        try
        {
            return AskAnew(200).Length != 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private Socket Connected(string address, int port) => _client.Inside(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(IPAddress.Parse(address), port);
        return socket;
    });

    private static string Ask(Socket socket, int patience, int length)
    {
        socket.ReceiveTimeout = patience;
        socket.Send(new byte[length]);
        var buffer = new byte[2000];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }
}
