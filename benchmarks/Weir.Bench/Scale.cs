using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Weir.Bench;

/// <summary>
/// What rules cost as their number grows: packets and connections a second, first answers, and the time to restore, to append one and to delete one, beside the peers
/// in the same topology. Rules match nothing of the traffic, so every one counts. Results also as JSON and as a picture (docs/).
/// </summary>
internal static class Scale
{
    private static readonly int[] s_sizes = [10, 100, 1000, 10000, 100000];

    /// <summary>A peer that takes longer than this to restore a set is not asked for larger ones.</summary>
    private const double MostSeconds = 20;

    /// <summary>A way to write rules.</summary>
    /// <param name="Name">Who.</param>
    /// <param name="Restore">The command that reads what <paramref name="Write"/> gives.</param>
    /// <param name="Write">The rules, by kind and number; null where this peer has no such kind.</param>
    /// <param name="Warm">A command that changes nothing.</param>
    /// <param name="Append">A command that adds one rule.</param>
    /// <param name="Delete">The command that takes it away again.</param>
    private sealed record Peer(string Name, string Restore, Func<string, int, string?> Write, string Warm, string Append, string Delete);

    private static readonly Peer[] s_peers =
    [
        Iptables("weir", Shell.Weir("iptables")),
        Iptables("iptables-legacy", "iptables-legacy"),
        Iptables("iptables-nft", "iptables-nft"),
        new("weir ipvsadm", $"{Shell.Weir("ipvsadm")} -R", VirtualServices, $"{Shell.Weir("ipvsadm")} --set 900 120 300",
            $"{Shell.Weir("ipvsadm")} -a -t 10.1.0.1:80 -r 10.2.0.3:8000 -m", $"{Shell.Weir("ipvsadm")} -d -t 10.1.0.1:80 -r 10.2.0.3:8000"),
        new("nft set", "nft -f -", NftSet, "nft list tables", "nft add rule ip t other ip saddr 192.0.2.1 drop", "nft flush chain ip t other"),
        new("ipset", "bash -c", Ipset, "ipset list", "ipset add s 192.0.2.1", "ipset del s 192.0.2.1"),
    ];

    public static int Run(string[] arguments)
    {
        var rounds = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 3;
        var most = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : s_sizes[^1];
        var rows = new List<ScaleRow>();
        foreach (var kind in new[] { "5-tuples", "addresses", "firewall", "services" })
        {
            var slow = new HashSet<string>();
            foreach (var size in s_sizes.Where(size => size <= most))
            {
                foreach (var row in Measure(kind, size, rounds, slow))
                {
                    rows.Add(row);
                    Console.WriteLine(row);
                }
            }
        }
        if (arguments.Length > 2)
        {
            File.WriteAllText($"{arguments[2]}/scale.json", JsonSerializer.Serialize(rows, ScaleJson.Default.ListScaleRow) + "\n");
            File.WriteAllText($"{arguments[2]}/scale.svg", ScalePicture.Draw(rows));
        }
        return 0;
    }

    private static List<ScaleRow> Measure(string kind, int size, int rounds, HashSet<string> slow)
    {
        var rows = new List<ScaleRow>();
        var runs = new List<(Peer Peer, Topology Topology, ScaleRow Row, List<double> Packets, List<(double Rate, double FirstAnswer)> Connections)>();
        try
        {
            foreach (var peer in s_peers)
            {
                if (slow.Contains(peer.Name) || peer.Write(kind, size) is not { } rules) continue;
                var topology = new Topology($"z{runs.Count}");
                var row = new ScaleRow { Kind = kind, Rules = size, Peer = peer.Name };
                runs.Add((peer, topology, row, [], []));
                rows.Add(row);
                var inside = $"ip netns exec {topology.Router}";
                // The first command ever loads what is needed; that is not what is measured.
                Shell.Try($"{inside} {peer.Warm}");
                var memory = KernelMemory();
                row.RestoreMilliseconds = Time(() => Load(inside, peer, rules));
                row.Megabytes = (KernelMemory() - memory) / 1e6;
                if (row.RestoreMilliseconds > MostSeconds * 1e3) slow.Add(peer.Name);
                var changes = Enumerable.Range(0, 7).Select(_ => (Time(() => Shell.Run($"{inside} {peer.Append}")), Time(() => Shell.Run($"{inside} {peer.Delete}")))).ToArray();
                row.AppendMilliseconds = Median(changes.Select(change => change.Item1));
                row.DeleteMilliseconds = Median(changes.Select(change => change.Item2));
            }
            foreach (var run in runs)
            {
                using var server = run.Topology.Serve(run.Topology.Server, "8000");
                for (var round = 0; round < rounds; round++) run.Connections.Add(Connect(run.Topology, kind));
                server.Kill(true);
            }
            for (var round = 0; round < rounds; round++)
            {
                foreach (var run in runs) run.Packets.Add(PacketRate(run.Topology, kind));
            }
            foreach (var run in runs)
            {
                run.Row.PacketsPerSecond = Median(run.Packets);
                run.Row.ConnectionsPerSecond = Median(run.Connections.Select(connections => connections.Rate));
                run.Row.FirstAnswerMicroseconds = Median(run.Connections.Select(connections => connections.FirstAnswer));
            }
        }
        finally
        {
            foreach (var run in runs) run.Topology.Dispose();
        }
        var weir = rows[0];
        foreach (var row in rows) row.WeirPackets = weir.PacketsPerSecond / row.PacketsPerSecond;
        return rows;
    }

    private static void Load(string inside, Peer peer, string rules)
    {
        if (peer.Restore != "bash -c")
        {
            Shell.Run($"{inside} {peer.Restore}", rules);
            return;
        }
        // ipset's set first, then the rule that asks it.
        Shell.Run($"{inside} ipset restore", rules);
        Shell.Run($"{inside} iptables-legacy -A FORWARD -m set --match-set s src -j DROP");
    }

    /// <summary>Packets a second of one flow, for about half a second.</summary>
    private static double PacketRate(Topology topology, string kind)
    {
        var probe = Rate(2000);
        return Rate((int)Math.Clamp(probe / 2, 2000, 200_000));

        double Rate(int count)
        {
            var before = topology.Received;
            var target = kind == "services" ? "10.1.0.1 4000 53" : "10.2.0.99 4000 5000";
            var nanoseconds = topology.Traffic($"send eth0 {topology.RouterMac} 10.1.0.2 {target} {count}")[1];
            return Math.Max(topology.Received - before, 1) * 1e9 / nanoseconds;
        }
    }

    /// <summary>Connections a second, one after another, and the median time from a connection's first packet to the answer.</summary>
    private static (double Rate, double FirstAnswerMicroseconds) Connect(Topology topology, string kind)
    {
        var counted = topology.Traffic($"connect {(kind == "services" ? "10.1.0.1 80" : "10.2.0.2 8000")} 300");
        return (counted[0] * 1e9 / counted[1], counted[2] / 1e3);
    }

    /// <summary>Bytes that the kernel holds beside pages of files and processes.</summary>
    private static double KernelMemory()
    {
        string[] kinds = ["Slab:", "VmallocUsed:", "Percpu:"];
        return File.ReadLines("/proc/meminfo").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => kinds.Contains(words[0]))
            .Sum(words => double.Parse(words[1], CultureInfo.InvariantCulture) * 1024);
    }

    private static Peer Iptables(string name, string tool) =>
        new(name, $"{tool}-restore", Rules, $"{tool} -P INPUT ACCEPT", $"{tool} -A FORWARD -s 192.0.2.1 -j DROP", $"{tool} -D FORWARD -s 192.0.2.1 -j DROP");

    private static string? Rules(string kind, int count)
    {
        var text = new StringBuilder();
        if (kind == "services") Services(text, count);
        text.Append("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        var random = new Random(1);
        for (var i = 0; i < count && kind != "services"; i++)
        {
            text.Append(kind switch
            {
                "5-tuples" => $"-A FORWARD -s {Host(i)}/32 -d 172.20.{i % 250}.{i / 250 % 250}/32 -p {(i % 2 == 0 ? "udp" : "tcp")} -m {(i % 2 == 0 ? "udp" : "tcp")} --sport {1024 + i % 50000} --dport {1 + i % 1000} -j DROP\n",
                "addresses" => $"-A FORWARD -s {Host(i)}/32 -j DROP\n",
                _ => $"-A FORWARD {Firewall(random)}\n",
            });
        }
        return text.Append("COMMIT\n").ToString();
    }

    /// <summary>The services of that many rules, at least the two that are asked: the last ones, for connections and for packets.</summary>
    private static IEnumerable<(string Address, string Protocol, int Port, string Server)> ServicesOf(int rules)
    {
        var count = Math.Max(rules / 5, 2);
        for (var i = 0; i < count - 2; i++) yield return ($"10.96.{i >> 8}.{i & 255}", "tcp", 80, "10.2.0.2:8000");
        yield return ("10.1.0.1", "tcp", 80, "10.2.0.2:8000");
        yield return ("10.1.0.1", "udp", 53, "10.2.0.99:5000");
    }

    /// <summary>A service as kube-proxy's iptables mode writes it: a jump by address and port, a choice among two servers, and a translation for each. Five rules a service.</summary>
    private static void Services(StringBuilder text, int count)
    {
        var services = ServicesOf(count).ToArray();
        text.Append("*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n:SERVICES - [0:0]\n");
        for (var i = 0; i < services.Length; i++) text.Append($":SVC{i} - [0:0]\n:SEP{i}A - [0:0]\n:SEP{i}B - [0:0]\n");
        text.Append("-A PREROUTING -j SERVICES\n");
        foreach (var (i, (address, protocol, port, _)) in services.Index())
            text.Append($"-A SERVICES -d {address}/32 -p {protocol} -m {protocol} --dport {port} -j SVC{i}\n");
        foreach (var (i, (_, protocol, _, server)) in services.Index())
        {
            text.Append($"-A SVC{i} -m statistic --mode random --probability 0.5 -j SEP{i}A\n-A SVC{i} -j SEP{i}B\n");
            text.Append($"-A SEP{i}A -p {protocol} -j DNAT --to-destination {server}\n-A SEP{i}B -p {protocol} -j DNAT --to-destination {server}\n");
        }
        text.Append("COMMIT\n");
    }

    /// <summary>The same services for ipvsadm -R: each with the one server that there is.</summary>
    private static string? VirtualServices(string kind, int count)
    {
        if (kind != "services") return null;
        var text = new StringBuilder();
        foreach (var (address, protocol, port, server) in ServicesOf(count))
            text.Append($"-A -{protocol[0]} {address}:{port} -s rr\n-a -{protocol[0]} {address}:{port} -r {server} -m -w 1\n");
        return text.ToString();
    }

    /// <summary>Prefixes of many lengths, wildcards, services and ranges, in the proportions of published firewall filters (ClassBench, Taylor and Turner 2007).</summary>
    private static string Firewall(Random random)
    {
        var text = new StringBuilder();
        if (random.Next(100) < 70) text.Append($"-s {Prefix(172)} ");
        if (random.Next(100) < 75) text.Append($"-d {Prefix(173)} ");
        var protocol = random.Next(100) switch { < 60 => "tcp", < 85 => "udp", < 90 => "icmp", _ => "" };
        if (protocol.Length == 0 && text.Length == 0) protocol = "tcp";
        if (protocol.Length > 0) text.Append($"-p {protocol} ");
        if (protocol is "tcp" or "udp")
        {
            int[] known = [20, 21, 22, 23, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445, 993, 1433, 3306, 3389, 8080];
            // Never the traffic's own ports.
            text.Append($"-m {protocol} --dport {random.Next(100) switch { < 70 => $"{known[random.Next(known.Length)]}", < 85 => "1024:4999", < 95 => $"{6000 + random.Next(1000)}:{7000 + random.Next(900)}", _ => "5001:7999" }} ");
            if (random.Next(100) < 8) text.Append("--sport 1024:3999 ");
        }
        return text.Append("-j DROP").ToString();

        string Prefix(int first)
        {
            var length = random.Next(100) switch { < 10 => 8 + random.Next(8), < 30 => 16, < 60 => 24, < 75 => 17 + random.Next(14), _ => 32 };
            var address = (uint)first << 24 | (uint)random.Next(1 << 24);
            address &= uint.MaxValue << (32 - length);
            return $"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}/{length}";
        }
    }

    /// <summary>What an nftables expert writes: one set, asked once.</summary>
    private static string? NftSet(string kind, int count)
    {
        var text = new StringBuilder("table ip t {\n");
        var elements = Enumerable.Range(0, count);
        switch (kind)
        {
            case "5-tuples":
                text.Append("set s { type ipv4_addr . ipv4_addr . inet_proto . inet_service . inet_service; elements = { ");
                text.AppendJoin(", ", elements.Select(i => $"{Host(i)} . 172.20.{i % 250}.{i / 250 % 250} . {(i % 2 == 0 ? "udp" : "tcp")} . {1024 + i % 50000} . {1 + i % 1000}"));
                text.Append(" } }\nchain forward { type filter hook forward priority 0; ip saddr . ip daddr . meta l4proto . th sport . th dport @s drop; }\n");
                break;
            case "addresses":
                text.Append("set s { type ipv4_addr; elements = { ").AppendJoin(", ", elements.Select(Host));
                text.Append(" } }\nchain forward { type filter hook forward priority 0; ip saddr @s drop; }\n");
                break;
            case "services":
                text.Append("map s { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; elements = { ");
                text.AppendJoin(", ", ServicesOf(count).Select(service => $"{service.Address} . {service.Protocol} . {service.Port} : {service.Server.Replace(":", " . ", StringComparison.Ordinal)}"));
                text.Append(" } }\nchain nat { type nat hook prerouting priority -100; dnat to ip daddr . meta l4proto . th dport map @s; }\nchain forward { type filter hook forward priority 0; }\n");
                break;
            default:
                return null;
        }
        return text.Append("chain other { }\n}\n").ToString();
    }

    private static string? Ipset(string kind, int count)
    {
        if (kind != "addresses") return null;
        var text = new StringBuilder($"create s hash:ip maxelem 200000 hashsize {Math.Max(1024, count)}\n");
        for (var i = 0; i < count; i++) text.Append($"add s {Host(i)}\n");
        return text.ToString();
    }

    private static string Host(int i) => $"172.{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}";

    private static double Time(Action action)
    {
        var start = Interop.Now();
        action();
        return (Interop.Now() - start) / 1e6;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
