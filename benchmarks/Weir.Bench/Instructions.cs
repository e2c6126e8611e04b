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
            Row($"weir virtual service, {kind}", "10.1.0.1", ports, t => Service(t, Shell.Weir("ipvsadm")));
            Row($"ip_vs, {kind}", "10.1.0.1", ports, t => Service(t, "ipvsadm"));
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

    public static void Service(Topology topology, string ipvsadm)
    {
        Shell.Run($"ip netns exec {topology.Router} {ipvsadm} -A -u 10.1.0.1:5000 -s rr");
        Shell.Run($"ip netns exec {topology.Router} {ipvsadm} -a -u 10.1.0.1:5000 -r 10.2.0.99:5000 -m");
    }

    private static double Cost(string name, string? target, Action<Topology> set, string ports, bool drop = false)
    {
        using var topology = new Topology("n");
        if (drop) Shell.Run($"ip netns exec {topology.Router} iptables-legacy -t raw -A PREROUTING -j DROP");
        set(topology);
        var send = $"send eth0 {topology.RouterMac} 10.1.0.2 {target ?? "10.2.0.99"} {ports} 5000";
        topology.Traffic($"{send} 200");
        var before = topology.Received;
        var (count, nanoseconds) = topology.Traffic($"{send} {Packets}");
        var arrived = topology.Received - before;
        if (!drop && arrived < count) Console.WriteLine($"  {name}: only {arrived} of {count} packets arrived");
        return (double)nanoseconds / count;
    }

    private static void Print(string name, double cost, double generator) => Console.WriteLine($"  {name,-40} {cost,8:N0} {cost - generator,8:N0}");
}
