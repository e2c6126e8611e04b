using System.Text;

namespace Weir.Bench;

/// <summary>
/// The same paths counted in executed instructions, for a guest with one processor whose clock counts them (<c>tests/vm -i</c>): generator, router
/// and receiver together, and net of the generator alone. Peers are the guest's own ip_vs, iptables and nft.
/// </summary>
internal static class Instructions
{
    private const int Packets = 4000;

    public static int Run(string[] arguments)
    {
        Console.WriteLine("instructions a packet: in all, and net of the generator with a drop");
        var generator = Cost("generator alone (drop)", null, _ => { }, "4000", drop: true);
        void Row(string name, string? target, string ports, Action<Topology> set) => Print(name, Cost(name, target, set, ports), generator);
        Print("generator alone (drop)", generator, generator);
        Row("plain routing", "10.2.0.99", "4000", _ => { });
        foreach (var (kind, ports) in new[] { ("established", "4000"), ("new", "10000-60000") })
        {
            foreach (var services in new[] { 1, 10000 })
            {
                Row($"weir virtual service, 1 of {services:N0}, {kind}", "10.1.0.1", ports, t => Services(t, Shell.Weir("ipvsadm"), services));
                Row($"ip_vs, 1 of {services:N0}, {kind}", "10.1.0.1", ports, t => Services(t, "ipvsadm", services));
            }
            Row($"weir DNAT, {kind}", "10.1.0.1", ports, t => Engine.Weir.Load(t, Dnat));
            Row($"iptables-legacy DNAT, {kind}", "10.1.0.1", ports, t => Engine.Legacy.Load(t, Dnat));
            Row($"iptables-nft DNAT, {kind}", "10.1.0.1", ports, t => Engine.Nft.Load(t, Dnat));
        }
        foreach (var count in new[] { 0, 100, 1000 })
        {
            foreach (var engine in new[] { Engine.Weir, Engine.Legacy, Engine.Nft })
            {
                Row($"{engine.Name}, {count} FORWARD rules", "10.2.0.99", "4000", t => engine.Load(t, Engine.Forward(count, false)));
            }
        }
        foreach (var engine in new[] { Engine.Weir, Engine.Legacy, Engine.Nft })
        {
            Row($"{engine.Name}, one conntrack rule", "10.2.0.99", "4000", t => engine.Load(t, Engine.Forward(0, true)));
        }
        return 0;
    }

    public const string Dnat = "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n" +
        "-A PREROUTING -d 10.1.0.1/32 -p udp -m udp --dport 5000 -j DNAT --to-destination 10.2.0.99:5000\nCOMMIT\n";

    /// <summary>That many virtual services, of which 10.1.0.1:5000 is the last.</summary>
    public static void Services(Topology topology, string ipvsadm, int count)
    {
        var text = new StringBuilder();
        for (var i = 1; i < count; i++) Add($"10.96.{i >> 8}.{i & 255}:80");
        Add("10.1.0.1:5000");
        Shell.Run($"ip netns exec {topology.Router} {ipvsadm} -R", text.ToString());

        void Add(string address) => text.Append($"-A -u {address} -s rr\n-a -u {address} -r 10.2.0.99:5000 -m -w 1\n");
    }

    private static double Cost(string name, string? target, Action<Topology> set, string ports, bool drop = false)
    {
        using var topology = new Topology("n");
        if (drop) Shell.Run($"ip netns exec {topology.Router} iptables-legacy -t raw -A PREROUTING -j DROP");
        set(topology);
        var send = $"send eth0 {topology.RouterMac} 10.1.0.2 {target ?? "10.2.0.99"} {ports} 5000";
        topology.Traffic($"{send} 200");
        var before = topology.Received;
        var counted = topology.Traffic($"{send} {Packets}");
        var arrived = topology.Received - before;
        if (!drop && arrived < counted[0]) Console.WriteLine($"  {name}: only {arrived} of {counted[0]} packets arrived");
        return (double)counted[1] / counted[0];
    }

    private static void Print(string name, double cost, double generator) => Console.WriteLine($"  {name,-48} {cost,8:N0} {cost - generator,8:N0}");
}
