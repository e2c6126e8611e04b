using System.Text.RegularExpressions;
using Weir.Bpf.Links;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Commands;

/// <summary>What weir down leaves behind: nothing.</summary>
[Collection("network")]
public sealed partial class DownTests : IDisposable
{
    private readonly NetworkNamespace _place = new("down");
    private readonly string _state = Path.Combine(Path.GetTempPath(), $"weir-down-{Environment.ProcessId}");
    private string _without = "";

    public void Dispose()
    {
        Weir("weir", "down");
        _place.Dispose();
    }

    [Theory]
    [InlineData("0", "")]
    [InlineData("1", "")]
    [InlineData("0", "Tcx")]
    public void Down_leaves_no_program_map_link_pin_mount_filter_or_setting(string acceptLocal, string without)
    {
        _without = without;
        _place.Run("ip link add veth1 type veth peer name veth2");
        _place.Run("ip tuntap add dev tun1 mode tun");
        _place.Run($"sysctl -qw net.ipv4.conf.lo.accept_local={acceptLocal} net.ipv6.conf.lo.forwarding={acceptLocal}");
        // Another's clsact, which stays.
        _place.Run("tc qdisc add dev veth2 clsact");
        var before = Traces();
        Use();
        var objects = PinnedObjects();
        // Four programs at devices, eight at sockets (four for each family), two links at each of four devices, eight at the control group; maps of rules and counters also within maps.
        Assert.Equal((12, without == "" ? 16 : 8), (objects.Programs.Length, objects.Links.Length));
        Assert.True(objects.Maps.Length > 25);
        Assert.NotEqual(before, Traces());

        Assert.Equal((0, "", ""), Weir("weir", "down"));

        Assert.Equal(before, Traces());
        Assert.False(Directory.Exists(_state));
        // The kernel frees what nobody holds any more in its own time.
        Assert.True(Wait.Until(() => Left(objects) == ""), Left(objects));
    }

    [Fact]
    public void Down_without_anything_loaded_is_content()
    {
        Assert.Equal((0, "", ""), Weir("weir", "down"));
        Assert.False(Directory.Exists(_state));
    }

    [Fact]
    public void Down_concerns_its_own_namespace_alone()
    {
        using var other = new NetworkNamespace("down2");
        Use();
        string[] inOther = ["env", $"WEIR_STATE_DIR={_state}"];
        Assert.Equal(0, other.Execute([.. inOther, Shell.Weir("iptables"), "-A", "INPUT", "-s", "10.9.9.9", "-j", "DROP"]).Code);
        Assert.Equal(0, Weir("weir", "down").Code);
        Assert.Contains("10.9.9.9", other.Execute([.. inOther, Shell.Weir("iptables"), "-S"]).Output);
        Assert.Equal("nothing is loaded in this network namespace\n", Weir("weir", "status").Output);
        Assert.Equal(0, other.Execute([.. inOther, Shell.Weir("weir"), "down"]).Code);
        Assert.False(Directory.Exists(_state));
    }

    [Fact]
    public void What_a_namespace_leaves_that_ends_without_down_goes_with_the_next_that_begins()
    {
        int[] programs;
        using (var other = new NetworkNamespace("down3"))
        {
            other.Execute(["env", $"WEIR_STATE_DIR={_state}", Shell.Weir("iptables"), "-A", "INPUT", "-j", "DROP"]);
            programs = PinnedObjects().Programs;
            Assert.Equal(2, programs.Length);
        }
        // A namespace ends some time after its last process.
        Assert.True(Wait.Until(() =>
        {
            Use();
            var isGone = !PinnedObjects().Programs.Intersect(programs).Any();
            Weir("weir", "down");
            return isGone;
        }));
        Assert.False(Directory.Exists(_state));
    }

    private (int Code, string Output, string Error) Weir(string tool, params string[] words) =>
        _place.Execute(["env", $"WEIR_STATE_DIR={_state}", $"WEIR_WITHOUT={_without}", Shell.Weir(tool), .. words]);

    /// <summary>Something of everything that there is.</summary>
    private void Use()
    {
        Assert.Equal((0, "", ""), Weir("iptables", "-A", "INPUT", "-m", "limit", "--limit", "5/s", "-j", "LOG"));
        Assert.Equal((0, "", ""), Weir("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "80", "-j", "REDIRECT", "--to-ports", "8080"));
        Assert.Equal((0, "", ""), Weir("ipvsadm", "-A", "-t", "10.0.0.1:80", "-s", "sh"));
        Assert.Equal((0, "", ""), Weir("ipvsadm", "-a", "-t", "10.0.0.1:80", "-r", "10.0.0.2", "-m"));
    }

    /// <summary>What others see of an instance: mounts, filters and queueing disciplines of devices, settings.</summary>
    private string Traces() => string.Join('\n',
    [
        string.Concat(File.ReadLines("/proc/self/mounts").Where(line => line.Contains(_state, StringComparison.Ordinal))),
        _place.Run("tc qdisc show"),
        .. new[] { "lo", "veth1", "veth2", "tun1" }.Where(device => _place.Execute(["ip", "link", "show", device]).Code == 0)
            .SelectMany(device => new[] { "ingress", "egress" }.Select(side => _place.Execute(["tc", "filter", "show", "dev", device, side]).Output)),
        Moving().Replace(_place.Execute(["sysctl", "-a", "-r", "^net"]).Output, ""),
    ]);

    private (int[] Programs, int[] Maps, int[] Links) PinnedObjects()
    {
        var pins = Directory.GetDirectories(Path.Combine(_state, "bpf"));
        var programs = Each(pins, "programs", BpfProgram.OpenPinned, program => [program.Info.Id]);
        var links = Each(pins, "links", BpfLink.OpenPinned, link => [link.Info.Id]);
        var maps = Each(pins, "maps", BpfMap.OpenPinned, map =>
        {
            IEnumerable<uint?> inner = map.Name is "Images" or "Counters" ? Enumerable.Range(0, 4).Select(i => map.AsMapOfMaps<uint>().TryGetId((uint)i)) : [];
            return [map.Info.Id, .. inner.OfType<uint>()];
        });
        return (programs, maps, links);
    }

    private static int[] Each<T>(string[] pins, string part, Func<string, T> open, Func<T, uint[]> ids)
        where T : IDisposable =>
        [.. pins.SelectMany(pin => Directory.GetFiles($"{pin}/{part}")).SelectMany(path =>
        {
            using var opened = open(path);
            return ids(opened);
        }).Select(id => (int)id)];

    private static string Left((int[] Programs, int[] Maps, int[] Links) objects) => string.Join(", ",
    [
        .. objects.Programs.Where(id => Exists(BpfProgram.TryOpen((uint)id))).Select(id => $"program {id}"),
        .. objects.Links.Where(id => Exists(BpfLink.TryOpen((uint)id))).Select(id => $"link {id}"),
        .. objects.Maps.Where(id => Exists(BpfMap.TryOpen((uint)id))).Select(id => $"map {id}"),
    ]);

    private static bool Exists(IDisposable? found)
    {
        found?.Dispose();
        return found is not null;
    }

    // Settings whose values move by themselves.
    [GeneratedRegex("^net\\.(netfilter\\.nf_conntrack_count|core\\..*|.*_mem|ipv4\\.tcp_fastopen_key).*\n", RegexOptions.Multiline)]
    private static partial Regex Moving();
}
