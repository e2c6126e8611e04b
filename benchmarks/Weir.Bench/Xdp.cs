using System.Globalization;

namespace Weir.Bench;

/// <summary>The fast path at TC beside the one by XDP: 60-byte packets of one answered flow, as traffic and as runs of the program.</summary>
internal static class Xdp
{
    private static readonly (string Name, string Target, Action<Topology> Set)[] s_settings =
    [
        ("one conntrack rule", "10.2.0.99", t => Engine.Weir.Load(t, Engine.Forward(0, true))),
        ("DNAT", "10.1.0.1", t => Engine.Weir.Load(t, Instructions.Dnat)),
        ("virtual service", "10.1.0.1", t => Instructions.Services(t, Shell.Weir("ipvsadm"), 1)),
    ];

    public static void Measure(int rounds)
    {
        Forward(rounds);
        Programs(rounds);
    }

    private static void Forward(int rounds)
    {
        var samples = new Samples("forwarding, established flow", "packets/s", true);
        var topologies = new List<(string Name, string Target, Topology Topology)>();
        try
        {
            topologies.Add(("plain routing", "10.2.0.99", new Topology("x0")));
            foreach (var (name, target, set) in s_settings)
            {
                foreach (var xdp in new[] { false, true }) topologies.Add(($"{name}, {(xdp ? "XDP" : "TC")}", target, Prepare($"x{topologies.Count}", target, set, xdp)));
            }
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (name, target, topology) in topologies)
                {
                    var before = topology.Received;
                    var nanoseconds = topology.Traffic($"send eth0 {topology.RouterMac} 10.1.0.2 {target} 4000 5000 300000")[1];
                    samples.Add(name, (topology.Received - before) * 1e9 / nanoseconds);
                }
            }
        }
        finally
        {
            foreach (var (_, _, topology) in topologies) topology.Dispose();
        }
        samples.Print();
    }

    private static void Programs(int rounds)
    {
        var samples = new Samples("a program's run on one packet of an answered flow", "nanoseconds", false);
        foreach (var (name, target, set) in s_settings)
        {
            using var topology = Prepare("xr", target, set, true);
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (program, length) in new[] { ("Ingress", 64), ("Xdp", 64), ("Xdp", 1400) })
                {
                    var nanoseconds = Shell.Run($"ip netns exec {topology.Router} {Environment.ProcessPath} run {program} left left 10.1.0.2 {target} {length}");
                    samples.Add($"{program}, {name}, {length} bytes", double.Parse(nanoseconds, CultureInfo.InvariantCulture));
                }
            }
        }
        samples.Print();
    }

    /// <summary>A router whose flow from port 4000 to 5000 has been answered and has been through the stack both ways.</summary>
    private static Topology Prepare(string name, string target, Action<Topology> set, bool xdp)
    {
        var topology = new Topology(name);
        set(topology);
        if (xdp)
        {
            foreach (var host in new[] { topology.Client, topology.Server }) Shell.Run($"ip netns exec {host} ethtool -K eth0 gro on");
            foreach (var device in new[] { "left", "right", "left" }) Shell.Run($"ip netns exec {topology.Router} {Shell.Weir("weir")} xdp on {device}");
        }
        var serverSide = Shell.Run($"ip netns exec {topology.Router} cat /sys/class/net/right/address").Trim();
        for (var i = 0; i < 3; i++)
        {
            topology.Traffic($"send eth0 {topology.RouterMac} 10.1.0.2 {target} 4000 5000 2");
            topology.Traffic($"send eth0 {serverSide} 10.2.0.99 10.1.0.2 5000 4000 2", topology.Server);
        }
        return topology;
    }
}
