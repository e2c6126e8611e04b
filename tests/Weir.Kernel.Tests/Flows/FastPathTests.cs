using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>
/// Packets of established flows leave at ingress, past the kernel's forwarding; what forwarding would do for them stays right when routes, neighbours, MTU and
/// time to live change under traffic. A client behind the director's net1; two hosts behind net2 and net3 that both have 10.9.0.1; 500 datagrams a step.
/// </summary>
[Collection("network")]
public sealed class FastPathTests() : FastPathScenarios(xdp: false)
{
}

/// <summary>The same, where the packets leave from the driver.</summary>
[Collection("network")]
public sealed class XdpFastPathTests() : FastPathScenarios(xdp: true)
{
}

/// <summary>What holds wherever the fast path is taken.</summary>
public abstract partial class FastPathScenarios : IDisposable
{
    private const string Target = "10.9.0.1";

    private const string Rules = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        + "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -p udp --dport 7 -j ACCEPT\nCOMMIT\n";

    private readonly NetworkNamespace _client = new("fpc");
    private readonly NetworkNamespace _director = new("fpd");
    private readonly NetworkNamespace _first = new("fp1");
    private readonly NetworkNamespace _second = new("fp2");
    private readonly NamedServer _firstServer;
    private readonly NamedServer _secondServer;
    private readonly Socket _socket;
    private readonly bool _xdp;

    protected FastPathScenarios(bool xdp)
    {
        _xdp = xdp;
        Connect(1, _client);
        Connect(2, _first);
        Connect(3, _second);
        _client.Run("ip route add default via 10.1.0.1");
        foreach (var host in new[] { _first, _second }) host.Run($"ip address add {Target}/32 dev lo");
        _first.Run("ip route add default via 10.2.0.1");
        _second.Run("ip route add default via 10.3.0.1");
        _director.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000");
        _director.Run($"ip route add {Target} via 10.2.0.2");
        _firstServer = new NamedServer(_first, "first", Target, 7);
        _secondServer = new NamedServer(_second, "second", Target, 7);
        _director.Run($"{Shell.Weir("iptables-restore")} -w", Rules);
        if (xdp) XdpDevices.TurnOn(_director, (1, _client), (2, _first), (3, _second));
        _socket = _client.Inside(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 2000 };
            socket.Connect(IPAddress.Parse(Target), 7);
            return socket;
        });
    }

    public void Dispose()
    {
        _socket.Dispose();
        _firstServer.Dispose();
        _secondServer.Dispose();
        _director.Execute([Shell.Weir("weir"), "down"]);
        foreach (var host in new[] { _client, _director, _first, _second }) host.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Rules_count_what_the_kernel_does_not_forward()
    {
        Assert.Equal("first", Ask());
        var forwarded = Counter("Ip", "ForwDatagrams");
        for (var i = 0; i < 500; i++) Assert.Equal("first", Ask());
        // The first reply went through the stack; nothing since.
        Assert.Equal(forwarded, Counter("Ip", "ForwDatagrams"));
        Assert.Equal(1001L, Packets(1));
        Assert.Equal(1L, Packets(2));
        // One packet a second of each direction is TC's.
        if (_xdp) Assert.InRange(XdpDevices.Sent(_director), 900, 1000);
        else Assert.Equal(0, XdpDevices.Sent(_director));
        // A change of rules meets the next packet.
        _director.Run($"{Shell.Weir("iptables")} -I FORWARD -p udp --dport 7 -j DROP");
        Assert.Throws<SocketException>(() => Ask(100));
        _director.Run($"{Shell.Weir("iptables")} -D FORWARD 1");
        Assert.Equal("first", Ask());
    }

    [Fact]
    public void A_route_that_changes_is_followed_at_once()
    {
        for (var i = 0; i < 10; i++)
        {
            var (via, name) = i % 2 == 0 ? ("10.2.0.2", "first") : ("10.3.0.2", "second");
            _director.Run($"ip route replace {Target} via {via}");
            for (var n = 0; n < 50; n++) Assert.Equal(name, Ask());
        }
        _director.Run($"ip route replace unreachable {Target}");
        Assert.Throws<SocketException>(() => Ask(500));
        Assert.True(Counter("Icmp", "OutDestUnreachs") > 0);
        _director.Run($"ip route replace {Target} via 10.2.0.2");
        Assert.Equal("first", Ask());
    }

    [Fact]
    public void A_neighbour_may_change_and_vanish()
    {
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask());
        // Another link address behind the same IP address.
        _first.Run("ip link set net2 address 02:00:00:00:77:01");
        _director.Run("ip neighbour replace 10.2.0.2 lladdr 02:00:00:00:77:01 dev net2 nud reachable");
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask());
        // Gone: the client hears of it, as from the kernel.
        _first.Run("ip link set net2 down");
        _director.Run("ip neighbour flush dev net2");
        var before = Counter("Icmp", "OutDestUnreachs");
        _director.Run("sysctl -qw net.ipv4.neigh.net2.retrans_time_ms=50");
        Assert.Throws<SocketException>(() => Ask(1500));
        _first.Run("ip link set net2 up");
        _first.Run("ip route add default via 10.2.0.1");
        Assert.Equal("first", Until(() => Ask(500)));
        Assert.True(Counter("Icmp", "OutDestUnreachs") >= before);
    }

    [Fact]
    public void A_neighbour_is_looked_after_and_missed_when_it_falls_silent()
    {
        _director.Run("sysctl -qw net.ipv4.neigh.net2.delay_first_probe_time=1 net.ipv4.neigh.net2.retrans_time_ms=100");
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask());
        // What was not heard of for long is asked for while packets go there, and found.
        _director.Run($"ip neighbour replace 10.2.0.2 lladdr {Convert.ToHexStringLower(Mac(_first, "net2")).Chunk(2).Aggregate("", (text, part) => $"{text}{(text.Length > 0 ? ":" : "")}{new string(part)}")} dev net2 nud stale");
        Assert.True(Wait.Until(() => Ask() == "first" && _director.Run("ip neighbour show 10.2.0.2").Contains("REACHABLE", StringComparison.Ordinal)));
        // The host answers no more, but its link stays up: the client is told.
        var before = Counter("Icmp", "OutDestUnreachs");
        _director.Run("ip neighbour change 10.2.0.2 dev net2 nud stale");
        _first.Run("sysctl -qw net.ipv4.conf.net2.arp_ignore=8");
        Assert.True(Wait.Until(() =>
        {
            try
            {
                Ask(100);
            }
            catch (SocketException)
            {
                // Nothing, or the message.
            }
            return Counter("Icmp", "OutDestUnreachs") > before;
        }));
        _first.Run("sysctl -qw net.ipv4.conf.net2.arp_ignore=0");
        Assert.Equal("first", Until(() => Ask(500)));
    }

    [Fact]
    public void An_mtu_that_drops_is_told()
    {
        // IP_MTU_DISCOVER = IP_PMTUDISC_DO (include/uapi/linux/in.h).
        _socket.SetRawSocketOption(0, 10, BitConverter.GetBytes(2));
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask(2000, 1400));
        _director.Run("ip link set net2 mtu 1000");
        Assert.Throws<SocketException>(() => Ask(500, 1400));
        // The kernel refuses what is longer than the path takes.
        Assert.Equal(SocketError.MessageSize, Assert.Throws<SocketException>(() => Ask(500, 1400)).SocketErrorCode);
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask(2000, 900));
        // What may be fragmented is, by the stack.
        _socket.SetRawSocketOption(0, 10, BitConverter.GetBytes(0));
        _director.Run("ip link set net2 mtu 1500");
        Assert.Equal("first", Ask(2000, 1400));
    }

    [Fact]
    public void The_time_to_live_ends_here()
    {
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask());
        _socket.Ttl = 2;
        Assert.Equal("first", Ask());
        _socket.Ttl = 1;
        var before = Counter("Icmp", "OutTimeExcds");
        Assert.Throws<SocketException>(() => Ask(200));
        Assert.Equal(before + 1, Counter("Icmp", "OutTimeExcds"));
    }

    [Fact]
    public void A_stranger_does_not_slip_into_a_flow()
    {
        _director.Run("sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.net3.rp_filter=1");
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask());
        var port = (ushort)((IPEndPoint)_socket.LocalEndPoint!).Port;
        var mac = Mac(_director, "net3");
        var received = Received();
        _second.Inside(() =>
        {
            using var socket = new PacketSocket("net3");
            for (var n = 0; n < 50; n++) socket.Send(Frame.Build(mac, Mac(_second, "net3"), 0x0a010002, 0x0a090001, 17, Frame.Udp(port, 7, 20)));
            return true;
        });
        Assert.Equal("first", Ask());
        Assert.Equal(received + 1, Received());
    }

    [Fact]
    public void A_frame_to_everyone_is_not_forwarded()
    {
        for (var n = 0; n < 50; n++) Assert.Equal("first", Ask());
        var port = (ushort)((IPEndPoint)_socket.LocalEndPoint!).Port;
        var received = Received();
        _client.Inside(() =>
        {
            using var socket = new PacketSocket("net1");
            for (var n = 0; n < 50; n++) socket.Send(Frame.Build(Convert.FromHexString("FFFFFFFFFFFF"), Mac(_client, "net1"), 0x0a010002, 0x0a090001, 17, Frame.Udp(port, 7, 20)));
            return true;
        });
        Assert.Equal("first", Ask());
        Assert.Equal(received + 1, Received());
    }

    private string Ask(int patience = 2000, int length = 20) => Ask(_socket, patience, length);

    private static string Until(Func<string> ask)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                return ask();
            }
            catch (SocketException) when (i < 20)
            {
                Thread.Sleep(100);
            }
        }
    }

    /// <summary>Datagrams that the first host's port got.</summary>
    private long Received() => Counter("Udp", "InDatagrams", _first);

    private long Packets(int rule) =>
        long.Parse(_director.Run($"{Shell.Weir("iptables")} -nvxL FORWARD {rule}").Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);

    /// <summary>A counter of /proc/net/snmp.</summary>
    private long Counter(string group, string name, NetworkNamespace? host = null)
    {
        var lines = (host ?? _director).Run("cat /proc/net/snmp").Split('\n').Where(line => line.StartsWith(group + ":", StringComparison.Ordinal)).ToArray();
        return long.Parse(lines[1].Split(' ')[Array.IndexOf(lines[0].Split(' '), name)], CultureInfo.InvariantCulture);
    }

    private static byte[] Mac(NetworkNamespace host, string device) =>
        Convert.FromHexString(host.Run($"cat /sys/class/net/{device}/address").Trim().Replace(":", "", StringComparison.Ordinal));

    private void Connect(int number, NetworkNamespace host)
    {
        Shell.Run($"ip -n {host.Name} link add net{number} type veth peer name net{number} netns {_director.Name}");
        Shell.Run($"ip -n {host.Name} address add 10.{number}.0.2/24 dev net{number}");
        Shell.Run($"ip -n {_director.Name} address add 10.{number}.0.1/24 dev net{number}");
        foreach (var place in new[] { host, _director })
        {
            place.Run($"sysctl -qw net.ipv6.conf.net{number}.disable_ipv6=1");
            Shell.Run($"ip -n {place.Name} link set net{number} up");
        }
    }
}
