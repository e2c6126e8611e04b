using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;
using FrameIPv6 = Weir.DataPath.Tests.Bench.FrameIPv6;

namespace Weir.Kernel.Tests.Compatibility;

/// <summary>The rows about ipvsadm: which server each new connection of a client reaches, or which error a command gives.</summary>
internal sealed record ServiceFeature(string Section, string Name, string[] Commands, string? Reached, string? Error = null, bool IsIPv6 = false)
{
    private const string OneServer = "????";

    private bool IsSctp => Commands[0].Contains("--sctp-service", StringComparison.Ordinal);

    /// <summary>What the table says when it holds.</summary>
    public string Answer => Error is null ? "yes" : "refused";

    /// <summary>The header of a connection's first packet to port 80; where a port changes, SCTP's checksum does too (tests/services/compare).</summary>
    private byte[] First(ushort port) => IsSctp ? [(byte)(port >> 8), (byte)port, 0, 80, .. new byte[8], 1, 0, 0, 20, .. new byte[16]] : Frame.Tcp(port, 80, Frame.Syn, 100, 0);

    public string? Run()
    {
        using var router = new Router("compat");
        if (IsIPv6) router.AddIPv6();
        try
        {
            foreach (var command in Commands)
            {
                var (code, _, error) = router.Namespace.Execute([Shell.Weir("ipvsadm"), .. command.Split(' ')]);
                if (Error is not null && command == Commands[^1])
                    return code != 0 && error.Contains(Error, StringComparison.OrdinalIgnoreCase) ? null : $"{Name}: '{command}' was not refused: exit {code}, {error}";
                if (code != 0) return $"{Name}: '{command}' exited with {code}: {error}";
            }
            var reached = "";
            for (ushort i = 0; i < (Reached ?? OneServer).Length; i++)
            {
                if (IsIPv6)
                {
                    reached += ReachedByIPv6(router, 2000 + i);
                    continue;
                }
                var frame = Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, 0x0a010002, 0x0a010001, IsSctp ? (byte)132 : (byte)6, First((ushort)(2000 + i)));
                var arrived = router.Exchange(true, frame, 1);
                // Servers A, B, C are 10.2.0.2, .3, .4; with direct routing the address stays and only the way tells, so that every server counts as A.
                reached += arrived.Count == 1 && !arrived[0].Left ? (char)('A' + (Frame.Destination(arrived[0].Frame) == 0x0a010001 ? 0 : (int)(Frame.Destination(arrived[0].Frame) - 0x0a020002))) : '-';
            }
            // Without an expectation every connection must reach one and the same server.
            var holds = Reached is null ? reached[0] != '-' && reached.All(server => server == reached[0]) : reached == Reached;
            return holds ? null : $"{Name}: reached {reached}, not {Reached ?? "one server"}";
        }
        finally
        {
            router.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static char ReachedByIPv6(Router router, int port)
    {
        var frame = FrameIPv6.Tcp("fd01::2", port, "fd01::1", 80, Frame.Syn);
        Router.LeftRouterMac.CopyTo(frame, 0);
        var arrived = router.Exchange(true, frame, 1).Where(a => !a.Left && a.Frame[12] == 0x86 && a.Frame[FrameIPv6.Ip + 6] == 6).ToList();
        return arrived.Count == 1 && FrameIPv6.IsSound(arrived[0].Frame) ? (char)('A' + arrived[0].Frame[FrameIPv6.Ip + 39] - 2) : '-';
    }
}

internal static class ServiceFeatures
{
    public static IEnumerable<ServiceFeature> All() =>
    [
        // The connections stay half open: SYN_RECV counts as active. The sequences are those of ip_vs (reference: its schedulers' captures).
        Scheduler("rr", "CBACBACBA", "1", "2", "3"),
        Scheduler("wrr", "CBACCBCBACCB", "1", "2", "3"),
        Scheduler("lc", "CBACBA", "1", "2", "3"),
        Scheduler("wlc", "CBACBC", "1", "2", "3"),
        Scheduler("sh", null, "1", "1", "1"),
        Scheduler("dh", null, "1", "1", "1"),
        Refusal("schedulers", "`lblc`, `lblcr`, `sed`, `nq`, `fo`, `ovf`, `mh`, `twos`", "-A -t 10.1.0.1:80 -s mh"),
        new("forwarding", "`-m` (NAT)", [.. Service("rr"), "-a -t 10.1.0.1:80 -r 10.2.0.2:8080 -m"], "AAA"),
        new("forwarding", "`-g` (direct routing)", [.. Service("rr"), "-a -t 10.1.0.1:80 -r 10.2.0.2:80 -g"], "AAA"),
        new("forwarding", "`-i` (tunnel)", [.. Service("rr"), "-a -t 10.1.0.1:80 -r 10.2.0.2:80 -i"], null, "not supported"),
        new("services", "weight 0 takes no new connections", [.. Service("rr"), "-a -t 10.1.0.1:80 -r 10.2.0.2:80 -m -w 0", "-a -t 10.1.0.1:80 -r 10.2.0.3:80 -m"], "BBB"),
        new("services", "`-p` (persistence)", ["-A -t 10.1.0.1:80 -s rr -p 60", "-a -t 10.1.0.1:80 -r 10.2.0.2:80 -m", "-a -t 10.1.0.1:80 -r 10.2.0.3:80 -m"], "BBB"),
        new("services", "no server: refused", Service("rr"), "---"),
        new("services", "IPv6", ["-A -t [fd01::1]:80 -s rr", "-a -t [fd01::1]:80 -r [fd02::2]:80 -m", "-a -t [fd01::1]:80 -r [fd02::3]:80 -m"], "BABA", IsIPv6: true),
        new("services", "SCTP", ["-A --sctp-service 10.1.0.1:80 -s rr", "-a --sctp-service 10.1.0.1:80 -r 10.2.0.2:80 -m", "-a --sctp-service 10.1.0.1:80 -r 10.2.0.3:80 -m"], "BABA"),
        Refusal("services", "`--ops`", "-A -u 10.1.0.1:80 -s rr --ops"),
        Refusal("services", "`--pe`", "-A -u 10.1.0.1:80 -s rr -p 60 --pe sip"),
        Refusal("services", "`--start-daemon`", "--start-daemon master --mcast-interface left"),
    ];

    private static string[] Service(string scheduler) => [$"-A -t 10.1.0.1:80 -s {scheduler}"];

    private static ServiceFeature Refusal(string section, string name, string command) => new(section, name, [command], null, "not supported");

    private static ServiceFeature Scheduler(string name, string? reached, params string[] weights)
    {
        var commands = Service(name).Concat(weights.Select((w, i) => $"-a -t 10.1.0.1:80 -r 10.2.0.{i + 2}:80 -m -w {w}")).ToArray();
        // sh and dh choose by address: one client and one service always reach one server (which, the schedulers' own tests say).
        return new("schedulers", $"`{name}`", commands, reached);
    }
}
