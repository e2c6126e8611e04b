using System.Net;
using System.Net.Sockets;
using Weir.Bpf.Instructions;
using Weir.Bpf.Links;
using Weir.Bpf.Loading;
using Weir.Bpf.Objects;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>Where XDP is, where it is not, and who else is at a device. A client behind the director's net1, a host behind net2.</summary>
[Collection("network")]
public sealed class XdpTests : IDisposable
{
    private readonly NetworkNamespace _client = new("xdc");
    private readonly NetworkNamespace _director = new("xdd");
    private readonly NetworkNamespace _host = new("xdh");
    private readonly NamedServer _server;
    private readonly Socket _socket;

    public XdpTests()
    {
        Connect(1, _client);
        Connect(2, _host);
        _director.Run("sysctl -qw net.ipv4.ip_forward=1");
        _server = new NamedServer(_host, "host", "10.2.0.2", 7);
        _director.Run($"{Shell.Weir("iptables")} -A FORWARD -p udp -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT");
        _socket = _client.Inside(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 2000 };
            socket.Connect(IPAddress.Parse("10.2.0.2"), 7);
            return socket;
        });
    }

    public void Dispose()
    {
        _socket.Dispose();
        _server.Dispose();
        _director.Execute([Shell.Weir("weir"), "down"]);
        foreach (var host in new[] { _client, _director, _host }) host.Dispose();
    }

    [Fact]
    public void It_is_where_it_was_asked_for_and_no_longer()
    {
        Assert.Equal("covered", XdpDevices.Status(_director, "net1"));
        Assert.Equal(0, SentOf(50));
        TurnOn();
        Assert.Equal("covered; XDP", XdpDevices.Status(_director, "net1"));
        Assert.InRange(SentOf(50), 80, 100);
        _director.Run($"{Shell.Weir("weir")} xdp off net1");
        Assert.Equal("covered; XDP off", XdpDevices.Status(_director, "net1"));
        Assert.Equal(0, SentOf(50));
        _director.Run($"{Shell.Weir("weir")} xdp on net1");
        Assert.InRange(SentOf(50), 80, 100);
        _director.Run($"{Shell.Weir("weir")} down");
        Assert.DoesNotContain("xdp", _director.Run("ip -d link show net1"), StringComparison.Ordinal);
        Assert.Equal("host", Ask());
    }

    [Fact]
    public void A_shaper_gets_every_packet()
    {
        TurnOn();
        _director.Run("tc qdisc add dev net2 root tbf rate 100mbit burst 20kb latency 50ms");
        Refresh();
        Assert.Equal("covered; XDP, takes no frames from others", XdpDevices.Status(_director, "net2"));
        var before = Queued();
        // The answers still go to net1 by XDP.
        Assert.InRange(SentOf(50), 40, 50);
        // ARP and the like too.
        Assert.InRange(Queued() - before, 50, 60);
        _director.Run("tc qdisc delete dev net2 root");
        Refresh();
        Assert.InRange(SentOf(50), 80, 100);

        long Queued() => long.Parse(_director.Run("tc -s qdisc show dev net2").Split("Sent ")[1].Split(' ')[2], null);
    }

    [Fact]
    public void Filters_of_others_see_what_they_always_saw()
    {
        TurnOn();
        using var other = Load("tc/egress", -1);
        using (_director.Inside(() => BpfLink.AttachTcx(other.Programs["other"], Index("net2"), TcDirection.Egress)))
        {
            Refresh();
            Assert.Equal("covered; XDP, takes no frames from others", XdpDevices.Status(_director, "net2"));
            Assert.InRange(SentOf(50), 40, 50);
        }
        using (_director.Inside(() => BpfLink.AttachTcx(other.Programs["other"], Index("net2"), TcDirection.Ingress)))
        {
            Refresh();
            Assert.Equal("covered; no XDP: others filter at its ingress", XdpDevices.Status(_director, "net2"));
            Assert.InRange(SentOf(50), 40, 50);
        }
        Refresh();
        Assert.InRange(SentOf(50), 80, 100);
    }

    [Fact]
    public void Another_ones_program_stays()
    {
        using var other = Load("xdp", 2);
        _client.Run("ethtool -K net1 tx off gro on");
        using var link = _director.Inside(() => BpfLink.AttachXdp(other.Programs["other"], Index("net1"), XdpMode.Driver));
        var (code, _, error) = _director.Execute([Shell.Weir("weir"), "xdp", "on", "net1"]);
        Assert.Equal((1, "weir xdp: net1: another program is there\n"), (code, error));
        Assert.Equal("covered", XdpDevices.Status(_director, "net1"));
        Assert.Equal(0, SentOf(50));
    }

    [Fact]
    public void A_device_whose_driver_has_no_XDP_says_so()
    {
        _director.Run("ip link add br9 type bridge");
        var (code, _, error) = _director.Execute([Shell.Weir("weir"), "xdp", "on", "br9"]);
        Assert.Equal((1, "weir xdp: br9: its driver has none\n"), (code, error));
    }

    [Fact]
    public void A_sender_that_leaves_its_checksums_to_the_device_is_left_to_TC()
    {
        TurnOn();
        _client.Run("ethtool -K net1 tx on");
        Assert.InRange(SentOf(50), 40, 50);
    }

    [Fact]
    public void Devices_that_come_later_get_it_from_the_daemon_which_may_be_killed()
    {
        TurnOn();
        _director.Run($"{Shell.Weir("weir")} xdp on net3");
        using (var daemon = BackgroundProcess.In(_director, Shell.Weir("weir"), "daemon"))
        {
            Shell.Run($"ip -n {_client.Name} link add net3 type veth peer name net3 netns {_director.Name}");
            Assert.True(Wait.Until(() => XdpDevices.Status(_director, "net3").StartsWith("covered; XDP", StringComparison.Ordinal)), XdpDevices.Status(_director, "net3"));
            // The daemon also hears of shapers.
            _director.Run("tc qdisc add dev net2 root tbf rate 100mbit burst 20kb latency 50ms");
            Assert.True(Wait.Until(() => XdpDevices.Sent(_director) is var before && SentOf(50) <= 50));
            _director.Run("tc qdisc delete dev net2 root");
            Assert.True(Wait.Until(() => SentOf(50) >= 80));
            daemon.Signal("KILL");
        }
        Assert.InRange(SentOf(50), 80, 100);
    }

    [Fact]
    public void A_command_may_be_killed_at_any_time()
    {
        TurnOn();
        for (var i = 0; i < 12; i++)
        {
            using (var command = BackgroundProcess.In(_director, Shell.Weir("weir"), "xdp", i % 2 == 0 ? "off" : "on", "net1"))
            {
                Thread.Sleep(i);
            }
            Assert.Equal("host", Ask());
        }
        _director.Run($"{Shell.Weir("weir")} xdp on net1");
        Assert.InRange(SentOf(50), 80, 100);
    }

    /// <summary>Someone else's program, that lets everything through.</summary>
    private static LoadedObject Load(string section, int pass) =>
        Loader.Load(new ObjectFile { Btf = [], Programs = [new ProgramDefinition("other", section, [Instruction.Move64(Register.R0, pass), Instruction.Exit()])] });

    private void TurnOn() => XdpDevices.TurnOn(_director, (1, _client), (2, _host));

    /// <summary>Any changing command looks at the devices.</summary>
    private void Refresh() => _director.Run($"{Shell.Weir("iptables")} -w -A FORWARD -p 47 -j ACCEPT");

    /// <summary>How many packets XDP sends of so many questions and their answers.</summary>
    private long SentOf(int questions)
    {
        var before = XdpDevices.Sent(_director);
        for (var i = 0; i < questions; i++) Assert.Equal("host", Ask());
        return XdpDevices.Sent(_director) - before;
    }

    private string Ask()
    {
        _socket.Send(new byte[20]);
        var buffer = new byte[2000];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, _socket.Receive(buffer));
    }

    private uint Index(string device) => uint.Parse(_director.Run($"cat /sys/class/net/{device}/ifindex"), null);

    private void Connect(int number, NetworkNamespace host)
    {
        Shell.Run($"ip -n {host.Name} link add net{number} type veth peer name net{number} netns {_director.Name}");
        Shell.Run($"ip -n {host.Name} address add 10.{number}.0.2/24 dev net{number}");
        Shell.Run($"ip -n {_director.Name} address add 10.{number}.0.1/24 dev net{number}");
        foreach (var place in new[] { host, _director }) Shell.Run($"ip -n {place.Name} link set net{number} up");
        host.Run($"ip route add default via 10.{number}.0.1");
    }
}
