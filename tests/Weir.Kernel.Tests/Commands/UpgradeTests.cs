using System.Net;
using System.Net.Sockets;
using Weir.Bpf.Links;
using Weir.Bpf.Loading;
using Weir.Control.Instances;
using Weir.Control.Rules;
using Weir.Iptables;
using Weir.Kernel.Tests.Networks;
using Weir.Model.Rules;
using AddressFamily = Weir.Model.AddressFamily;

namespace Weir.Kernel.Tests.Commands;

/// <summary>Two builds of Weir at one instance: the native commands, and the same code in this process, whose data path is compiled for debugging.</summary>
[Collection("network")]
public sealed class UpgradeTests : IDisposable
{
    private readonly NetworkNamespace _place = new("upgrade");

    public void Dispose()
    {
        _place.Execute([Shell.Weir("weir"), "down"]);
        _place.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("Tcx")]
    public void Another_builds_change_exchanges_the_programs_and_keeps_all_else(string without)
    {
        _place.Run($"env WEIR_WITHOUT={without} {Shell.Weir("iptables")} -A INPUT -p udp --dport 9 -j DROP");
        _place.Run($"{Shell.Weir("ipvsadm")} -A -t 10.0.0.1:80 -s rr");
        Send();
        var first = Loaded();
        Assert.Equal("1:29", Counted());

        Assert.Equal(ChangeStatus.Committed, _place.Inside(() => new RulesetStore(StateFolder.Current(), new RulesetText()).Change(AddressFamily.IPv4, LockWait.Forever, rules => rules)).Status);

        var second = Loaded();
        Assert.NotEqual(first.Pins, second.Pins);
        Assert.Equal(first.Links, second.Links);
        Assert.Equal(10, second.Programs.Length);
        Assert.Empty(first.Programs.Intersect(second.Programs));
        Assert.Equal(second.Programs.Order(), Attached().Order());
        Send();
        Assert.Equal("2:58", Counted());
        Assert.Contains("TCP  10.0.0.1:80 rr\n", _place.Run($"{Shell.Weir("ipvsadm")} -Ln"), StringComparison.Ordinal);
        Assert.Contains(" (of another build; the next change exchanges it)\n", _place.Run($"{Shell.Weir("weir")} status"), StringComparison.Ordinal);

        _place.Run($"{Shell.Weir("ipvsadm")} -A -t 10.0.0.2:80 -s rr");
        Assert.Equal(first.Pins, Loaded().Pins);
        Send();
        Assert.Equal("3:87", Counted());
    }

    [Fact]
    public void What_has_other_tables_is_left_alone()
    {
        _place.Run($"{Shell.Weir("iptables")} -A INPUT -p udp --dport 9 -j DROP");
        var pins = Loaded().Pins;
        var layout = Assert.Single(Directory.GetDirectories(pins, "layout-*"));
        Directory.Move(pins, $"{pins[..^1]}{(pins[^1] == '0' ? '1' : '0')}");
        pins = Loaded().Pins;
        Directory.Move($"{pins}/{Path.GetFileName(layout)}", $"{pins}/layout-0");
        const string reason = "what is loaded in this network namespace is of another build, whose tables differ: save its rules and services with that build, then 'weir down'\n";
        Assert.Equal((1, "", $"iptables: {reason}"), _place.Execute([Shell.Weir("iptables"), "-A", "INPUT", "-j", "DROP"]));
        Assert.Equal((1, "", $"ipvsadm: {reason}"), _place.Execute([Shell.Weir("ipvsadm"), "-Ln"]));
        Assert.Equal((1, "", $"weir status: {reason}"), _place.Execute([Shell.Weir("weir"), "status"]));
        Assert.Equal((0, "", ""), _place.Execute([Shell.Weir("weir"), "down"]));
        Assert.Equal("-P INPUT ACCEPT\n", _place.Run($"{Shell.Weir("iptables")} -S INPUT"));
    }

    /// <summary>A datagram of one byte to the port whose packets are dropped.</summary>
    private void Send() => _place.Inside(() =>
    {
        using var socket = new UdpClient();
        return socket.Send([1], new IPEndPoint(IPAddress.Loopback, 9));
    });

    private string Counted() => _place.Run($"{Shell.Weir("iptables-save")} -c").Split('\n').Single(line => line.EndsWith("--dport 9 -j DROP", StringComparison.Ordinal))[1..].Split(']')[0];

    private (string Pins, uint[] Programs, uint[] Links) Loaded()
    {
        var pins = Assert.Single(_place.Inside(() => StateFolder.Current().FindPins())).Path;
        return (pins, Each("programs", BpfProgram.OpenPinned, program => program.Info.Id), Each("links", BpfLink.OpenPinned, link => link.Info.Id));

        uint[] Each<T>(string part, Func<string, T> open, Func<T, uint> id)
            where T : IDisposable =>
            [.. Directory.GetFiles($"{pins}/{part}").Order(StringComparer.Ordinal).Select(path =>
            {
                using var opened = open(path);
                return id(opened);
            })];
    }

    /// <summary>The programs that are attached: by links and as filters.</summary>
    private HashSet<uint> Attached() => _place.Inside(() =>
    {
        var result = new HashSet<uint>();
        foreach (var path in Directory.GetFiles($"{Loaded().Pins}/links"))
        {
            using var link = BpfLink.OpenPinned(path);
            result.Add(link.Info.ProgramId);
        }
        using var socket = new Bpf.Netlink.RouteSocket();
        foreach (var direction in (TcDirection[])[TcDirection.Ingress, TcDirection.Egress]) result.UnionWith(socket.Filters(1, direction).Select(filter => filter.ProgramId));
        return result;
    });
}
