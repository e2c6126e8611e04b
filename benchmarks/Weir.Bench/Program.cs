using System.Diagnostics;
using System.Globalization;

namespace Weir.Bench;

/// <summary>The benchmarks (<c>weir-bench [ROUNDS] [TABLE...]</c>) and the traffic programs that they start in their namespaces.</summary>
internal static class Program
{
    private static readonly Dictionary<string, Action<int>> s_tables = new()
    {
        ["forward"] = Forward,
        ["established"] = Established,
        ["connections"] = Connections,
        ["local"] = Local,
        ["programs"] = TestRuns.Measure,
        ["xdp"] = Xdp.Measure,
        ["commands"] = Commands,
        ["proxy"] = Proxy.Measure,
    };

    private static int Main(string[] arguments)
    {
        switch (arguments.FirstOrDefault())
        {
            case "send": return Sender.Run(arguments[1..]);
            case "serve": return Connector.Serve(arguments[1..]);
            case "connect": return Connector.Connect(arguments[1..]);
            case "stream": return Connector.Stream(arguments[1..]);
            case "reach": return Connector.Reach(arguments[1..]);
            case "api": return ApiServer.Run(arguments[1..]);
            case "run": return TestRuns.Run(arguments[1..]);
            case "scale": return Scale.Run(arguments[1..]);
            case "instructions": return Instructions.Run(arguments[1..]);
        }
        var rounds = 5;
        if (arguments.Length > 0 && int.TryParse(arguments[0], CultureInfo.InvariantCulture, out var given))
        {
            rounds = given;
            arguments = arguments[1..];
        }
        foreach (var name in arguments.Length > 0 ? arguments : [.. s_tables.Keys])
        {
            if (!s_tables.TryGetValue(name, out var table))
            {
                Console.Error.WriteLine($"bench: no table '{name}'; there are: {string.Join(", ", s_tables.Keys)}");
                return 2;
            }
            table(rounds);
        }
        return 0;
    }

    /// <summary>64-byte UDP packets of one flow forwarded by the router, by the number of FORWARD rules.</summary>
    private static void Forward(int rounds)
    {
        foreach (var count in new[] { 0, 100, 1000 })
        {
            Measure($"forwarding, {count} FORWARD rules", rounds, [Engine.Weir, Engine.Legacy, Engine.Nft, Engine.None], Engine.Forward(count, false));
        }
    }

    /// <summary>An established flow with connection tracking and one rule.</summary>
    private static void Established(int rounds) =>
        Measure("forwarding, established flow with one conntrack rule", rounds, [Engine.Weir, Engine.Legacy, Engine.Nft], Engine.Forward(0, true));

    private static void Measure(string title, int rounds, Engine[] engines, string rules)
    {
        var samples = new Samples(title, "packets/s", true);
        var topologies = new List<(Engine Engine, Topology Topology)>();
        try
        {
            foreach (var engine in engines)
            {
                var topology = new Topology($"f{topologies.Count}");
                topologies.Add((engine, topology));
                engine.Load(topology, rules);
            }
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (engine, topology) in topologies)
                {
                    var before = topology.Received;
                    var nanoseconds = topology.Traffic($"send eth0 {topology.RouterMac} 10.1.0.2 10.2.0.99 4000 5000 300000")[1];
                    samples.Add(engine.Name, (topology.Received - before) * 1e9 / nanoseconds);
                }
            }
        }
        finally
        {
            foreach (var (_, topology) in topologies) topology.Dispose();
        }
        samples.Print();
    }

    /// <summary>TCP connections a second from another host through translation to one of two servers.</summary>
    private static void Connections(int rounds)
    {
        const string Dnat = "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n" +
            "-A PREROUTING -d 10.1.0.1/32 -p tcp -m tcp --dport 80 -m statistic --mode random --probability 0.5 -j DNAT --to-destination 10.2.0.2:8000\n" +
            "-A PREROUTING -d 10.1.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.2.0.2:8001\nCOMMIT\n";
        var samples = new Samples("connections through translation to two servers", "connections/s", true);
        var runs = new List<(string Name, Topology Topology, Process Server, string Target)>();
        try
        {
            void Prepare(string name, string target, Action<Topology> set)
            {
                var topology = new Topology($"d{runs.Count}");
                runs.Add((name, topology, topology.Serve(topology.Server, "8000 8001"), target));
                set(topology);
            }
            Prepare("weir ipvsadm", "10.1.0.1 80", t =>
            {
                Shell.Run($"ip netns exec {t.Router} {Shell.Weir("ipvsadm")} -A -t 10.1.0.1:80 -s rr");
                foreach (var port in new[] { 8000, 8001 })
                {
                    Shell.Run($"ip netns exec {t.Router} {Shell.Weir("ipvsadm")} -a -t 10.1.0.1:80 -r 10.2.0.2:{port} -m");
                }
            });
            Prepare("weir DNAT", "10.1.0.1 80", t => Engine.Weir.Load(t, Dnat));
            Prepare("iptables-legacy DNAT", "10.1.0.1 80", t => Engine.Legacy.Load(t, Dnat));
            Prepare("iptables-nft DNAT", "10.1.0.1 80", t => Engine.Nft.Load(t, Dnat));
            Prepare("direct", "10.2.0.2 8000", _ => { });
            for (var round = 0; round < rounds; round++)
            {
                foreach (var run in runs)
                {
                    var counted = run.Topology.Traffic($"connect {run.Target} 5000");
                    samples.Add(run.Name, counted[0] * 1e9 / counted[1]);
                }
            }
        }
        finally
        {
            foreach (var run in runs)
            {
                run.Server.Kill(true);
                run.Topology.Dispose();
            }
        }
        samples.Print();
    }

    /// <summary>One connection of a local client through a virtual service, and direct.</summary>
    private static void Local(int rounds)
    {
        var samples = new Samples("one local connection", "MB/s", true);
        using var topology = new Topology("l");
        using var server = topology.Serve(topology.Router, "8000");
        try
        {
            var ipvsadm = $"ip netns exec {topology.Router} {Shell.Weir("ipvsadm")}";
            Shell.Run($"{ipvsadm} -A -t 127.0.0.1:32016 -s rr");
            Shell.Run($"{ipvsadm} -a -t 127.0.0.1:32016 -r 127.0.0.1:8000 -m");
            using var plain = new Topology("p");
            using var plainServer = plain.Serve(plain.Router, "8000");
            try
            {
                for (var round = 0; round < rounds; round++)
                {
                    foreach (var (name, where, port) in new[] { ("virtual service", topology, 32016), ("direct, no weir", plain, 8000) })
                    {
                        var counted = where.Traffic($"stream 127.0.0.1 {port} 4096", where.Router);
                        samples.Add(name, counted[0] * 1e3 / counted[1]);
                    }
                }
            }
            finally
            {
                plainServer.Kill(true);
            }
        }
        finally
        {
            server.Kill(true);
        }
        samples.Print();
    }

    /// <summary>What one command costs, process start included.</summary>
    private static void Commands(int rounds)
    {
        using var weir = new Topology("w");
        using var legacy = new Topology("i");
        foreach (var count in new[] { 10, 1000 })
        {
            var append = new Samples($"iptables -A and -D of one rule, {count} rules there", "microseconds for both", false);
            var list = new Samples($"iptables -nL, {count} rules there", "microseconds", false);
            Engine.Weir.Load(weir, Engine.Forward(count, false));
            Engine.Legacy.Load(legacy, Engine.Forward(count, false));
            for (var round = 0; round < rounds * 4; round++)
            {
                foreach (var (name, topology, tool) in new[] { ("weir", weir, Shell.Weir("iptables")), ("iptables-legacy", legacy, "iptables-legacy") })
                {
                    var inside = $"ip netns exec {topology.Router} {tool}";
                    var start = Interop.Now();
                    Shell.Run($"{inside} -A FORWARD -s 192.0.2.1 -p tcp --dport 80 -j ACCEPT");
                    Shell.Run($"{inside} -D FORWARD -s 192.0.2.1 -p tcp --dport 80 -j ACCEPT");
                    append.Add(name, (Interop.Now() - start) / 1e3);
                    start = Interop.Now();
                    Shell.Run($"{inside} -nL");
                    list.Add(name, (Interop.Now() - start) / 1e3);
                }
            }
            append.Print();
            list.Print();
        }
    }
}
