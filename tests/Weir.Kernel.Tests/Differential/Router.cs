using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Differential;

/// <summary>
/// A router under test between two segments, with a packet socket on each far side. The far sides have no addresses, so nothing but the test and the
/// router itself ever answers: left 10.1.0.0/24 (the router is .1, the test's hosts .2 to .9), right 10.2.0.0/24 likewise. All MAC addresses are fixed.
/// </summary>
internal sealed class Router : IDisposable
{
    public static readonly byte[] LeftRouterMac = [2, 0, 0, 0, 1, 1];
    public static readonly byte[] LeftHostMac = [2, 0, 0, 0, 1, 2];
    public static readonly byte[] RightRouterMac = [2, 0, 0, 0, 2, 1];
    public static readonly byte[] RightHostMac = [2, 0, 0, 0, 2, 2];

    private readonly NetworkNamespace _far;
    private readonly NetworkNamespace _router;

    public Router(string name)
    {
        _far = new NetworkNamespace(name + "-far");
        _router = new NetworkNamespace(name);
        foreach (var (side, number) in new[] { ("left", 1), ("right", 2) })
        {
            Shell.Run($"ip -n {_far.Name} link add {side} address 02:00:00:00:0{number}:02 type veth peer name {side} address 02:00:00:00:0{number}:01 netns {_router.Name}");
            foreach (var host in new[] { _far, _router })
            {
                host.Run($"sysctl -qw net.ipv6.conf.{side}.disable_ipv6=1 net.ipv4.conf.{side}.rp_filter=0");
                Shell.Run($"ip -n {host.Name} link set {side} up");
            }
            // Checksums are compared: none is left to the far side.
            _router.Run($"ethtool -K {side} tx off");
            Shell.Run($"ip -n {_router.Name} address add 10.{number}.0.1/24 dev {side}");
            for (var i = 2; i < 10; i++) Shell.Run($"ip -n {_router.Name} neighbour add 10.{number}.0.{i} lladdr 02:00:00:00:0{number}:02 dev {side} nud permanent");
        }
        _router.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000");
        // Conversations are made up here, with right sequence numbers where a state asks for them but no care for windows.
        _router.Execute(["sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_be_liberal=1"]);
        Left = _far.Inside(() => new PacketSocket("left"));
        Right = _far.Inside(() => new PacketSocket("right"));
    }

    public PacketSocket Left { get; }

    public PacketSocket Right { get; }

    public NetworkNamespace Namespace => _router;

    /// <summary>IPv6 as well: fd01::/64 and fd02::/64, with the same last numbers.</summary>
    public void AddIPv6()
    {
        foreach (var (side, number) in new[] { ("left", 1), ("right", 2) })
        {
            Shell.Run($"ip -n {_router.Name} link set {side} addrgenmode none");
            _router.Run($"sysctl -qw net.ipv6.conf.{side}.disable_ipv6=0");
            Shell.Run($"ip -n {_router.Name} address add fd0{number}::1/64 dev {side} nodad");
            for (var i = 2; i < 10; i++) Shell.Run($"ip -n {_router.Name} neighbour add fd0{number}::{i} lladdr 02:00:00:00:0{number}:02 dev {side} nud permanent");
        }
        _router.Run("sysctl -qw net.ipv6.conf.all.forwarding=1");
    }

    /// <summary>Sends a frame in and returns what came out on either side. Forwarding over veth happens within the sending call, so what comes is there
    /// at once; where fewer frames came than <paramref name="expected"/> it waits a while.</summary>
    public List<(bool Left, byte[] Frame)> Exchange(bool left, byte[] frame, int expected = 0)
    {
        (left ? Left : Right).Send(frame);
        var result = new List<(bool, byte[])>();
        for (var wait = 0; ; wait++)
        {
            while (Left.TryReceive() is { } arrived) result.Add((true, arrived));
            while (Right.TryReceive() is { } arrived) result.Add((false, arrived));
            if (result.Count >= expected || wait == 50) return result;
            Thread.Sleep(2);
        }
    }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        _router.Dispose();
        _far.Dispose();
    }
}
