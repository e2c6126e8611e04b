using System.Net;
using System.Net.NetworkInformation;
using Weir.Bpf.Maps;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Commands;

/// <summary>What weir daemon and weir log do while time passes; status says what is so.</summary>
[Collection("network")]
public sealed class DaemonTests : IDisposable
{
    private readonly NetworkNamespace _place = new("daemon");
    private readonly NetworkNamespace _far = new("daemon-far");

    public void Dispose()
    {
        _place.Execute([Shell.Weir("weir"), "down"]);
        _far.Dispose();
        _place.Dispose();
    }

    [Fact]
    public void A_rule_on_a_device_that_comes_later_works_from_when_it_is_there()
    {
        Iptables("-A INPUT -i veth9 -p icmp -j DROP");
        using var daemon = Daemon();
        Connect("veth9", 9);
        Assert.True(Wait.Until(() => Status("veth9") == "covered"), Status("veth9"));
        Assert.False(Reaches("10.9.0.1"));
        Assert.Matches(@"\[[1-9]\d*:\d+\] -A INPUT -i veth9 ", _place.Run($"{Shell.Weir("iptables-save")} -c"));
        // Renamed and gone, it is followed as well.
        _place.Run("ip link set veth9 down");
        _place.Run("ip link set veth9 name veth10");
        _place.Run("ip link set veth10 up");
        Assert.True(Wait.Until(() => Reaches("10.9.0.1")));
        _place.Run("ip link del veth10");
        Assert.True(Wait.Until(() => Status("veth10") == ""));
        Assert.Equal(0, daemon.Signal("TERM"));
    }

    [Fact]
    public void A_killed_daemon_is_missed_by_devices_alone_and_another_one_finds_them()
    {
        Iptables("-A INPUT -p icmp -j DROP");
        using (var daemon = Daemon())
        {
            Connect("veth9", 9);
            Assert.True(Wait.Until(() => Status("veth9") == "covered"), Status("veth9"));
            Assert.Equal(137, daemon.Signal("KILL"));
        }
        Assert.False(Reaches("10.9.0.1"));
        Connect("veth10", 10);
        Assert.Equal("not covered: it appeared after the last command and no daemon runs", Status("veth10"));
        Assert.True(Reaches("10.10.0.1"));
        using (Daemon())
        {
            Assert.True(Wait.Until(() => Status("veth10") == "covered"), Status("veth10"));
            Assert.False(Reaches("10.10.0.1"));
        }
    }

    [Fact]
    public void Without_a_daemon_the_next_command_covers_what_has_come()
    {
        Iptables("-A INPUT -p icmp -j DROP");
        Connect("veth9", 9);
        Assert.NotEqual("covered", Status("veth9"));
        Iptables("-N unused");
        Assert.Equal("covered", Status("veth9"));
        Assert.False(Reaches("10.9.0.1"));
    }

    [Fact]
    public void A_daemon_outlives_weir_down_and_follows_what_comes_after()
    {
        using var daemon = Daemon();
        for (var round = 0; round < 2; round++)
        {
            Iptables("-A INPUT -p icmp -j DROP");
            Connect("veth9", 9);
            Assert.True(Wait.Until(() => Status("veth9") == "covered"), Status("veth9"));
            Assert.Equal((0, "", ""), _place.Execute([Shell.Weir("weir"), "down"]));
            Assert.True(Reaches("10.9.0.1"));
            _place.Run("ip link del veth9");
        }
        Assert.Equal(0, daemon.Signal("INT"));
        Assert.Empty(daemon.Lines);
    }

    [Fact]
    public void A_masquerade_follows_the_addresses_of_its_device()
    {
        Connect("veth9", 9);
        Iptables("-t nat -A POSTROUTING -o veth9 -j MASQUERADE");
        using var daemon = Daemon();
        Assert.Equal([10, 9, 0, 1], AddressOf("veth9"));
        _place.Run("ip address add 10.9.0.7/24 dev veth9");
        _place.Run("ip address del 10.9.0.1/24 dev veth9");
        _place.Run("ip address add 10.9.0.7/24 dev veth9");
        Assert.True(Wait.Until(() => AddressOf("veth9") is [10, 9, 0, 7]));
    }

    [Fact]
    public void Ports_of_a_bridge_are_seen_at_the_bridge()
    {
        Iptables("-A INPUT -j DROP");
        using var daemon = Daemon();
        Connect("veth9", 9);
        Assert.True(Wait.Until(() => Status("veth9") == "covered"), Status("veth9"));
        _place.Run("ip link add br9 type bridge");
        _place.Run("ip link set veth9 master br9");
        Assert.True(Wait.Until(() => (Status("br9"), Status("veth9")) == ("covered", "not covered: port of bridge br9")), Status("br9") + Status("veth9"));
        _place.Run("ip link set veth9 nomaster");
        Assert.True(Wait.Until(() => Status("veth9") == "covered"), Status("veth9"));
    }

    [Fact]
    public void Logged_packets_are_printed_by_weir_log_alone_while_it_runs_and_by_the_daemon_otherwise()
    {
        Connect("veth9", 9);
        Iptables("-A INPUT -p icmp -j LOG --log-prefix first");
        using var daemon = Daemon();
        Reaches("10.9.0.1");
        daemon.Await("firstIN=veth9 OUT= MAC=");
        using (var log = BackgroundProcess.In(_place, Shell.Weir("weir"), "log"))
        {
            // The daemon gives way at the next packet at the latest.
            Assert.True(Wait.Until(() =>
            {
                Reaches("10.9.0.1");
                return log.Lines.Count > 0;
            }));
            Iptables("-R INPUT 1 -p icmp -j LOG --log-prefix second");
            Reaches("10.9.0.1");
            Assert.Matches(@"^secondIN=veth9 OUT= MAC=[0-9a-f:]{41} SRC=10\.9\.0\.2 DST=10\.9\.0\.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=\d+ (DF )?PROTO=ICMP TYPE=8 CODE=0 ID=\d+ SEQ=\d+ *$",
                log.Await("second"));
            var (code, _, error) = _place.Execute([Shell.Weir("weir"), "log"]);
            Assert.Equal((1, "weir log: the packets are printed by another weir log\n"), (code, error));
            Assert.Equal(0, log.Signal("TERM"));
        }
        Iptables("-R INPUT 1 -p icmp -j LOG --log-prefix third");
        Reaches("10.9.0.1");
        daemon.Await("thirdIN=veth9");
        Assert.DoesNotContain(daemon.Lines, line => line.Contains("second", StringComparison.Ordinal));
    }

    [Fact]
    public void Status_says_what_is_loaded()
    {
        Assert.Equal("nothing is loaded in this network namespace\n", _place.Run($"{Shell.Weir("weir")} status"));
        Iptables("-A INPUT -m conntrack --ctstate INVALID -j DROP");
        Connect("veth9", 9);
        Iptables("-A INPUT -j ACCEPT");
        Reaches("10.9.0.1");
        var status = _place.Run($"{Shell.Weir("weir")} status");
        Assert.Matches(@"^object      [0-9a-f]{16}\n", status);
        Assert.Contains("\nprograms    Egress Ingress\n", status, StringComparison.Ordinal);
        Assert.Matches(@"\nrules       \d+ in \d+ bytes \(\d+ a rule\), generation [23]\n", status);
        Assert.Contains("\nsockets     no hooks\n", status, StringComparison.Ordinal);
        Assert.Matches(@"\n  flows                   1 of 262144\n", status);
        Assert.Matches(@"\n  flows created        1\n", status);
        _place.Run($"{Shell.Weir("ipvsadm")} -A -t 10.9.0.1:80 -s rr");
        Assert.Contains("\nsockets     local clients are translated when they connect\n", _place.Run($"{Shell.Weir("weir")} status"), StringComparison.Ordinal);
        _place.Run($"{Shell.Weir("ipvsadm")} -C");
        Assert.Contains("\nsockets     no hooks\n", _place.Run($"{Shell.Weir("weir")} status"), StringComparison.Ordinal);
    }

    private void Iptables(string arguments) => _place.Run($"{Shell.Weir("iptables")} {arguments}");

    private BackgroundProcess Daemon() => BackgroundProcess.In(_place, Shell.Weir("weir"), "daemon");

    /// <summary>A device with 10.NUMBER.0.1, and 10.NUMBER.0.2 on the far side.</summary>
    private void Connect(string device, int number)
    {
        Shell.Run($"ip -n {_far.Name} link add far{number} type veth peer name {device} netns {_place.Name}");
        Shell.Run($"ip -n {_far.Name} address add 10.{number}.0.2/24 dev far{number}");
        Shell.Run($"ip -n {_place.Name} address add 10.{number}.0.1/24 dev {device}");
        Shell.Run($"ip -n {_far.Name} link set far{number} up");
        Shell.Run($"ip -n {_place.Name} link set {device} up");
        // What is sent before the kernel has noticed the carrier is lost.
        foreach (var (place, name) in new[] { (_far, $"far{number}"), (_place, device) })
            Assert.True(Wait.Until(() => Shell.Run($"ip -n {place.Name} link show {name}").Contains(" state UP ", StringComparison.Ordinal)));
    }

    /// <summary>Whether the place answers to an ICMP echo of 60 bytes.</summary>
    private bool Reaches(string address) => _far.Inside(() =>
    {
        using var ping = new Ping();
        return ping.Send(IPAddress.Parse(address), 300).Status == IPStatus.Success;
    });

    /// <summary>What weir status says of a device; nothing where it does not name it.</summary>
    private string Status(string device) =>
        _place.Run($"{Shell.Weir("weir")} status").Split('\n').Select(line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(words => words.Length == 3 && words[1] == device)?[2] ?? "";

    /// <summary>The address that the data path has of a device.</summary>
    private byte[] AddressOf(string device)
    {
        var index = uint.Parse(_place.Run($"cat /sys/class/net/{device}/ifindex"), System.Globalization.CultureInfo.InvariantCulture);
        var pins = _place.Inside(() => Control.Instances.StateFolder.Current().FindPins()[0].Path);
        using var map = BpfMap.OpenPinned($"{pins}/maps/Devices");
        return BitConverter.GetBytes(map.AsHash<uint, DataPath.Device>().TryGet(index, out var record) ? record.AddressBe : 0);
    }
}
