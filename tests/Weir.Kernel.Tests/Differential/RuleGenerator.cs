using System.Text;

namespace Weir.Kernel.Tests.Differential;

/// <summary>Makes random rule sets, as text for iptables-restore, whose effect on packets is determined: no chance, no clock.</summary>
internal sealed class RuleGenerator(Random random)
{
    private static readonly (string Table, string[] Chains)[] s_tables =
    [
        ("raw", ["PREROUTING", "OUTPUT"]),
        ("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
        ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
        ("filter", ["INPUT", "FORWARD", "OUTPUT"]),
    ];

    private static readonly string[] s_rejects =
    [
        "icmp-net-unreachable", "icmp-host-unreachable", "icmp-port-unreachable", "icmp-proto-unreachable", "icmp-net-prohibited",
        "icmp-host-prohibited", "icmp-admin-prohibited",
    ];

    private string _protocol = "";

    public string Next()
    {
        var text = new StringBuilder();
        // Long chains are classified.
        var many = random.Next(2) == 0 ? 1 : 8;
        foreach (var (table, chains) in s_tables)
        {
            if (table != "filter" && random.Next(3) == 0) continue;
            text.Append($"*{table}\n");
            foreach (var chain in chains) text.Append($":{chain} {(table == "filter" && random.Next(8) == 0 ? "DROP" : "ACCEPT")} [0:0]\n");
            var own = Enumerable.Range(1, random.Next(4)).Select(i => $"c{i}").ToArray();
            foreach (var chain in own) text.Append($":{chain} - [0:0]\n");
            foreach (var chain in chains)
            {
                for (var i = random.Next(table == "filter" ? 7 : 4) * many; i > 0; i--) text.Append($"-A {chain} {Rule(table, chain, own)}\n");
            }
            for (var c = 0; c < own.Length; c++)
            {
                for (var i = random.Next(1, 4) * many; i > 0; i--) text.Append($"-A {own[c]} {Rule(table, own[c], own[(c + 1)..])}\n");
            }
            text.Append("COMMIT\n");
        }
        return text.ToString();
    }

    private T Pick<T>(params T[] values) => values[random.Next(values.Length)];

    private bool Chance(int percent) => random.Next(100) < percent;

    private string Not(int percent = 15) => Chance(percent) ? "! " : "";

    private string Rule(string table, string chain, string[] callable)
    {
        var rule = new StringBuilder();
        _protocol = Pick("", "", "tcp", "tcp", "tcp", "udp", "udp", "icmp");
        if (Chance(25)) rule.Append($"{Not()}-s {Address()} ");
        if (Chance(25)) rule.Append($"{Not()}-d {Address()} ");
        var input = chain is "PREROUTING" or "INPUT" or "FORWARD" || chain[0] == 'c' && table == "raw";
        var output = chain is "OUTPUT" or "POSTROUTING" or "FORWARD";
        if (input && Chance(12)) rule.Append($"{Not()}-i {Pick("left", "right", "lef+", "r+", "eth0")} ");
        if (output && Chance(12)) rule.Append($"{Not()}-o {Pick("left", "right", "lef+", "r+", "eth0")} ");
        if (_protocol.Length > 0)
        {
            rule.Append($"-p {_protocol} ");
            Protocol(rule);
        }
        else if (Chance(5))
        {
            rule.Append("! -p tcp ");
        }
        if (table != "raw" && Chance(25))
            rule.Append($"-m conntrack {Not()}--ctstate {Pick("NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "RELATED", "NEW,INVALID", "DNAT", "SNAT", "UNTRACKED")} ");
        if (table != "raw" && Chance(8)) rule.Append($"-m state --state {Pick("NEW", "ESTABLISHED", "RELATED", "INVALID")} ");
        if (Chance(8)) rule.Append($"-m mark {Not()}--mark {Pick("0x1", "0x2/0x3", "0x0")} ");
        if (Chance(8)) rule.Append($"-m statistic --mode nth --every {random.Next(2, 5)} --packet {random.Next(2)} ");
        if (Chance(6)) rule.Append($"-m limit --limit 1/hour --limit-burst {random.Next(1, 5)} ");
        if (Chance(6)) rule.Append($"-m addrtype {Not()}--{Pick("src", "dst")}-type {Pick("LOCAL", "UNICAST", "BROADCAST", "MULTICAST")} ");
        return rule.Append(Target(table, chain, callable)).ToString();
    }

    private void Protocol(StringBuilder rule)
    {
        switch (_protocol)
        {
            case "icmp":
                rule.Append($"-m icmp {Not()}--icmp-type {Pick("8", "0", "3", "3/1", "any", "11")} ");
                break;
            case "tcp" or "udp" when Chance(15):
                rule.Append($"-m multiport {Not()}--{Pick("sports", "dports", "ports")} {Pick("80", "80,443", "1000:1005,80", "53,1000")} ");
                break;
            default:
                rule.Append($"-m {_protocol} ");
                if (Chance(25)) rule.Append($"{Not()}--sport {Pick("1000", "1000:1002", "1003:")} ");
                if (Chance(50)) rule.Append($"{Not()}--dport {Pick("80", "53", "80:443", ":100", "443")} ");
                if (_protocol == "tcp" && Chance(20)) rule.Append(Pick("--syn ", "! --syn ", "--tcp-flags SYN,RST,ACK,FIN SYN ", "--tcp-flags RST RST ", "! --tcp-flags ACK ACK "));
                break;
        }
    }

    private string Target(string table, string chain, string[] callable)
    {
        if (callable.Length > 0 && Chance(30)) return $"-{Pick("j", "j", "j", "g")} {Pick(callable)}";
        if (Chance(8)) return "-j RETURN";
        if (Chance(12)) return "";
        switch (table)
        {
            case "mangle" when Chance(60):
                return $"-j MARK {Pick("--set-xmark 0x1/0xffffffff", "--set-xmark 0x2/0x3", "--set-xmark 0x0/0x1")}";
            case "filter" when Chance(35):
                return _protocol == "tcp" && Chance(40) ? "-j REJECT --reject-with tcp-reset" : $"-j REJECT --reject-with {Pick(s_rejects)}";
            case "nat" when chain is "PREROUTING":
                var ports = _protocol is "tcp" or "udp";
                return Pick(
                    $"-j DNAT --to-destination 10.2.0.{random.Next(2, 6)}{(ports && Chance(50) ? ":80" : "")}",
                    $"-j DNAT --to-destination 10.1.0.{random.Next(2, 6)}",
                    ports ? $"-j REDIRECT --to-ports {Pick("80", "8080")}" : "-j ACCEPT");
            case "nat" when chain is "POSTROUTING":
                return Pick("-j MASQUERADE", $"-j SNAT --to-source 10.2.0.{random.Next(6, 9)}", "-j ACCEPT");
            case "nat":
                return "-j ACCEPT";
        }
        return Pick("-j ACCEPT", "-j ACCEPT", "-j DROP");
    }

    private string Address() => Pick("10.1.0.2/32", "10.1.0.0/24", "10.2.0.2/32", "10.2.0.0/24", "10.0.0.0/8", "10.1.0.1/32", "10.1.0.0/30", "10.2.0.4/30");
}
