using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Compatibility;

/// <summary>The rows about iptables. Every one holds with iptables-legacy too (a test says so).</summary>
internal static class Features
{
    private const uint Client = 0x0a010002, Other = 0x0a010003, Server = 0x0a020002, Near = 0x0a010001, Far = 0x0a020001;

    public static IEnumerable<Feature> All() => [.. Matches(), .. Tables(), .. Targets(), .. Nat()];

    private static Step Tcp(string outcome, ushort port = 80, byte flags = Frame.Syn, uint source = Client, uint destination = Server, ushort from = 1000, bool left = true, uint sequence = 100, uint acknowledgement = 0) =>
        new(left, source, destination, 6, Frame.Tcp(from, port, flags, sequence, acknowledgement), outcome);

    private static Step Back(string outcome, byte flags, ushort port = 1000, ushort from = 80, uint source = Server, uint destination = Client, uint sequence = 500, uint acknowledgement = 101) =>
        new(false, source, destination, 6, Frame.Tcp(from, port, flags, sequence, acknowledgement), outcome);

    private static Step Udp(string outcome, ushort port = 53, uint source = Client, uint destination = Server, ushort from = 1000, bool left = true) =>
        new(left, source, destination, 17, Frame.Udp(from, port), outcome);

    private static Step Icmp(string outcome, byte type = 8, byte code = 0, uint source = Client, uint destination = Server, bool left = true, uint rest = 0x00010001) =>
        new(left, source, destination, 1, Frame.Icmp(type, code, rest, [1, 2, 3, 4]), outcome);

    /// <summary>A rule of FORWARD that drops: the first packets are matched, the last ones are not.</summary>
    private static Feature Match(string name, string match, params Step[] steps) => new("Matches", name, [$"-A FORWARD {match} -j DROP"], steps);

    private static IEnumerable<Feature> Matches() =>
    [
        Match("`-s`", "-s 10.1.0.2", Tcp("drop"), Tcp("pass", source: Other)),
        Match("`! -s`", "! -s 10.1.0.2/32", Tcp("pass"), Tcp("drop", source: Other)),
        Match("`-d` with a prefix", "-d 10.2.0.0/30", Tcp("drop"), Tcp("pass", destination: 0x0a020004)),
        Match("`-s` with any mask", "-s 10.0.0.2/255.0.0.255", Tcp("drop"), Tcp("pass", source: Other)),
        Match("`-i`", "-i left", Tcp("drop"), new Step(false, Server, Client, 17, Frame.Udp(1, 2), "pass")),
        Match("`-i` with `+`", "-i le+", Tcp("drop"), new Step(false, Server, Client, 17, Frame.Udp(1, 2), "pass")),
        Match("`! -o`", "! -o right", Tcp("pass"), new Step(false, Server, Client, 17, Frame.Udp(1, 2), "drop")),
        Match("`-p`", "-p udp", Udp("drop"), Tcp("pass")),
        Match("`-p` by number", "-p 47", new Step(true, Client, Server, 47, [0, 0, 8, 0, 0, 0, 0, 0], "drop"), Tcp("pass")),
        Match("`! -p`", "! -p tcp", Udp("drop"), Tcp("pass")),
        Match("tcp `--dport`", "-p tcp --dport 80", Tcp("drop"), Tcp("pass", 81), Udp("pass", 80)),
        Match("tcp `! --dport`", "-p tcp ! --dport 80", Tcp("drop", 81), Tcp("pass")),
        Match("tcp `--dport` range", "-p tcp --dport 80:90", Tcp("drop", 90), Tcp("pass", 91)),
        Match("tcp `--sport`", "-p tcp --sport 1000:", Tcp("drop"), Tcp("pass", from: 999)),
        Match("tcp `--syn`", "-p tcp --syn", Tcp("drop"), Tcp("pass", flags: Frame.Ack)),
        Match("tcp `--tcp-flags`", "-p tcp --tcp-flags SYN,FIN SYN,FIN", Tcp("drop", flags: Frame.Syn | Frame.Fin), Tcp("pass")),
        Match("udp `--sport` and `--dport`", "-p udp --sport 1000 --dport 53", Udp("drop"), Udp("pass", from: 1001)),
        Match("icmp `--icmp-type`", "-p icmp --icmp-type echo-request", Icmp("drop"), Icmp("pass", 17)),
        Match("icmp `--icmp-type` with code", "-p icmp --icmp-type 3/4", Icmp("drop", 3, 4), Icmp("pass", 3, 3)),
        Match("multiport `--dports`", "-p tcp -m multiport --dports 22,80,1000:1010", Tcp("drop"), Tcp("drop", 1005), Tcp("pass", 81)),
        Match("multiport `--sports`", "-p udp -m multiport --sports 1,1000", Udp("drop"), Udp("pass", from: 2)),
        Match("multiport `--ports`", "-p tcp -m multiport --ports 1000,80", Tcp("drop", 99), Tcp("pass", 99, from: 98)),
        Match("conntrack `--ctstate NEW`", "-m conntrack --ctstate NEW", Tcp("drop"), Udp("drop")),
        Match("conntrack `--ctstate ESTABLISHED`", "-m conntrack --ctstate ESTABLISHED", Tcp("pass"), Back("drop", Frame.Syn | Frame.Ack)),
        Match("conntrack `--ctstate INVALID`", "-m conntrack --ctstate INVALID", Tcp("drop", flags: Frame.Syn | Frame.Fin), Tcp("pass")),
        Match("conntrack `--ctstate RELATED`", "-m conntrack --ctstate RELATED", Udp("pass"),
            new Step(false, Server, Client, 1, Frame.Icmp(3, 3, 0, Quoted()), "drop")),
        Match("state `--state`", "-m state --state NEW", Udp("drop"), Tcp("pass", flags: Frame.Syn | Frame.Rst)),
        Match("statistic `--mode nth`", "-m statistic --mode nth --every 2 --packet 0", Udp("drop"), Udp("pass"), Udp("drop"), Udp("pass")),
        Match("statistic `--mode random`", "-m statistic --mode random --probability 1", Udp("drop")),
        Match("limit", "-m limit --limit 1/hour --limit-burst 2", Udp("drop"), Udp("drop"), Udp("pass")),
        Match("connlimit `--connlimit-above`", "-p tcp --syn -m connlimit --connlimit-above 1", Tcp("pass"), Tcp("drop", from: 1001), Tcp("pass", source: Other)),
        Match("connlimit `--connlimit-upto`", "-p tcp --syn -m connlimit --connlimit-upto 1 --connlimit-mask 24", Tcp("drop")),
        Match("mark", "-m mark ! --mark 0x0", Udp("pass")),
        Match("comment", "-m comment --comment hello", Udp("drop")),
        Match("addrtype `--src-type`", "-m addrtype ! --src-type UNICAST", Udp("pass")),
        new("Matches", "addrtype `--dst-type LOCAL`", ["-A INPUT -m addrtype --dst-type LOCAL -j DROP"], Icmp("drop", destination: Near), Icmp("pass")),
    ];

    private static IEnumerable<Feature> Tables() =>
    [
        new("Chains", "policy DROP", ["-P FORWARD DROP", "-A FORWARD -p udp -j ACCEPT"], Udp("pass"), Tcp("drop")),
        new("Chains", "user chains and RETURN", ["-N a", "-A a -p tcp -j RETURN", "-A a -j DROP", "-A FORWARD -j a"], Tcp("pass"), Udp("drop")),
        new("Chains", "`-g`", ["-N a", "-N b", "-A b -p tcp -j RETURN", "-A a -g b", "-A a -j DROP", "-A FORWARD -j a", "-A FORWARD -p tcp --dport 81 -j DROP"], Tcp("pass"), Tcp("drop", 81)),
        new("Chains", "first match wins", ["-A FORWARD -p tcp --dport 80 -j ACCEPT", "-A FORWARD -p tcp -j DROP"], Tcp("pass"), Tcp("drop", 81)),
        new("Chains", "`-I` and `-R`", ["-A FORWARD -j ACCEPT", "-I FORWARD -p tcp -j ACCEPT", "-R FORWARD 1 -p tcp -j DROP"], Tcp("drop"), Udp("pass")),
        new("Tables", "raw PREROUTING", ["-t raw -A PREROUTING -p udp -j DROP"], Udp("drop"), Tcp("pass")),
        new("Tables", "mangle PREROUTING", ["-t mangle -A PREROUTING -p udp -j DROP"], Udp("drop"), Tcp("pass")),
        new("Tables", "mangle FORWARD", ["-t mangle -A FORWARD -p udp -j DROP"], Udp("drop"), Tcp("pass")),
        new("Tables", "mangle POSTROUTING", ["-t mangle -A POSTROUTING -p udp -j DROP"], Udp("drop"), Tcp("pass")),
        new("Tables", "filter INPUT", ["-A INPUT -p icmp -j DROP"], Icmp("drop", destination: Near), Icmp("pass")),
        new("Tables", "mangle INPUT", ["-t mangle -A INPUT -p icmp -j DROP"], Icmp("drop", destination: Near), Icmp("pass")),
        new("Tables", "filter OUTPUT", ["-A OUTPUT -p icmp -j DROP"], Icmp("drop", destination: Near), Icmp("pass")),
        new("Tables", "raw OUTPUT", ["-t raw -A OUTPUT -p icmp -j DROP"], Icmp("drop", destination: Near), Icmp("pass")),
        new("Tables", "mangle OUTPUT", ["-t mangle -A OUTPUT -p icmp -j DROP"], Icmp("drop", destination: Near), Icmp("pass")),
    ];

    private static IEnumerable<Feature> Targets()
    {
        foreach (var (with, code) in new[]
        {
            ("icmp-net-unreachable", 0), ("icmp-host-unreachable", 1), ("icmp-proto-unreachable", 2), ("icmp-port-unreachable", 3), ("icmp-net-prohibited", 9),
            ("icmp-host-prohibited", 10), ("icmp-admin-prohibited", 13),
        })
        {
            yield return new Feature("Targets", $"REJECT `--reject-with {with}`", [$"-A FORWARD -p udp -j REJECT --reject-with {with}"],
                Udp($"left 10.1.0.1 > 10.1.0.2 icmp 3/{code};"), Tcp("pass"));
        }
        yield return new Feature("Targets", "REJECT `--reject-with tcp-reset`", ["-A FORWARD -p tcp --dport 80 -j REJECT --reject-with tcp-reset"],
            Tcp("left 10.2.0.2:80 > 10.1.0.2:1000 tcp RA;"), Tcp("pass", 81));
        yield return new Feature("Targets", "REJECT in INPUT", ["-A INPUT -p tcp -j REJECT --reject-with tcp-reset"], Tcp("left 10.1.0.1:80 > 10.1.0.2:1000 tcp RA;", destination: Near));
        yield return new Feature("Targets", "LOG", ["-A FORWARD -j LOG --log-prefix x", "-A FORWARD -p udp -j DROP"], Udp("drop"), Tcp("pass"));
        yield return new Feature("Targets", "MARK `--set-mark`", ["-t mangle -A PREROUTING -p udp -j MARK --set-mark 5", "-A FORWARD -m mark --mark 5 -j DROP"], Udp("drop"), Tcp("pass"));
        yield return new Feature("Targets", "MARK `--or-mark`", ["-t mangle -A PREROUTING -j MARK --set-mark 1", "-t mangle -A PREROUTING -p udp -j MARK --or-mark 4",
            "-A FORWARD -m mark --mark 5 -j DROP"], Udp("drop"), Tcp("pass"));
    }

    private static IEnumerable<Feature> Nat() =>
    [
        new("NAT", "DNAT `--to-destination`", ["-t nat -A PREROUTING -p tcp -d 10.1.0.1 --dport 80 -j DNAT --to-destination 10.2.0.2:8080"],
            Tcp("right 10.1.0.2:1000 > 10.2.0.2:8080 tcp S;", destination: Near),
            Back("left 10.1.0.1:80 > 10.1.0.2:1000 tcp SA;", Frame.Syn | Frame.Ack, from: 8080),
            Tcp("right 10.1.0.2:1000 > 10.2.0.2:8080 tcp A;", destination: Near, flags: Frame.Ack, sequence: 101, acknowledgement: 501)),
        new("NAT", "DNAT of UDP", ["-t nat -A PREROUTING -p udp -d 10.1.0.1 --dport 53 -j DNAT --to-destination 10.2.0.3"],
            Udp("right 10.1.0.2:1000 > 10.2.0.3:53 udp;", destination: Near),
            Udp("left 10.1.0.1:53 > 10.1.0.2:1000 udp;", port: 1000, from: 53, source: 0x0a020003, destination: Client, left: false)),
        new("NAT", "SNAT `--to-source`", ["-t nat -A POSTROUTING -p udp -o right -j SNAT --to-source 10.2.0.1"],
            Udp("right 10.2.0.1:1000 > 10.2.0.2:53 udp;"),
            Udp("left 10.2.0.2:53 > 10.1.0.2:1000 udp;", port: 1000, from: 53, source: Server, destination: Far, left: false)),
        new("NAT", "SNAT with ports", ["-t nat -A POSTROUTING -p tcp -o right -j SNAT --to-source 10.2.0.1:4000-4000"],
            Tcp("right 10.2.0.1:4000 > 10.2.0.2:80 tcp S;"),
            Back("left 10.2.0.2:80 > 10.1.0.2:1000 tcp SA;", Frame.Syn | Frame.Ack, port: 4000, destination: Far)),
        new("NAT", "MASQUERADE", ["-t nat -A POSTROUTING -o right -j MASQUERADE"],
            Tcp("right 10.2.0.1:1000 > 10.2.0.2:80 tcp S;"),
            Back("left 10.2.0.2:80 > 10.1.0.2:1000 tcp SA;", Frame.Syn | Frame.Ack, destination: Far)),
        new("NAT", "MASQUERADE of ICMP queries", ["-t nat -A POSTROUTING -o right -j MASQUERADE"],
            Icmp("right 10.2.0.1 > 10.2.0.2 icmp 8/0;"),
            Icmp("left 10.2.0.2 > 10.1.0.2 icmp 0/0;", 0, source: Server, destination: Far, left: false)),
        new("NAT", "source ports are kept where free", ["-t nat -A POSTROUTING -o right -j MASQUERADE"],
            Udp("right 10.2.0.1:1000 > 10.2.0.2:53 udp;"), Udp("right 10.2.0.1:", source: Other)),
        new("NAT", "REDIRECT `--to-ports`", ["-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"],
            Tcp("left 10.2.0.2:80 > 10.1.0.2:1000 tcp RA;")),
        new("NAT", "ICMP errors are translated inside", ["-t nat -A PREROUTING -p udp -d 10.1.0.1 -j DNAT --to-destination 10.2.0.2", "-t nat -A POSTROUTING -o right -j SNAT --to-source 10.2.0.1"],
            Udp("right 10.2.0.1:1000 > 10.2.0.2:53 udp;", destination: Near),
            new Step(false, Server, Far, 1, Frame.Icmp(3, 3, 0, Quoted(source: Far)), "left 10.1.0.1 > 10.1.0.2 icmp 3/3;")),
    ];

    /// <summary>The head of the packet that <see cref="Udp"/> makes, as an ICMP error quotes it.</summary>
    private static byte[] Quoted(uint source = Client) =>
        Frame.Packet(Frame.Build(new byte[6], new byte[6], source, Server, 17, Frame.Udp(1000, 53))).ToArray();
}
