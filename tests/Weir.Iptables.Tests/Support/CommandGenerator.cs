namespace Weir.Iptables.Tests.Support;

/// <summary>Random command lines, right and wrong ones.</summary>
internal sealed class CommandGenerator(Random random)
{
    private static readonly string[] UserChains = ["test", "a", "Zed", "web-in", "b2"];
    private static readonly string[] Addresses =
    [
        "1.2.3.4", "10.0.0.0/8", "192.168.50.18/24", "10.1.2.3/255.255.0.0", "10.1/16", "10.0.3.0/255.0.255.0", "0/0", "any/0", "0.0.0.0",
        "127.0.0.1", "1.2.3.4,5.6.7.8", "1.2.3.4/32,10.0.0.0/8,9.9.9.9",
    ];
    private static readonly string[] BadAddresses = ["nohost.invalid.", "1.2.3.4/33", "1.2.3.400", "1.2.3.4/x", "", "1.2.3.4/255.0.0",
        "a,b", "!"];
    private static readonly string[] Devices = ["eth0", "lo", "eth+", "+", "veth0.100", "docker0", "a-name-of-15-ch"];
    private static readonly string[] BadDevices = ["a-name-of-16-chr", "", "a b", "a/b"];
    private static readonly string[] Protocols = ["tcp", "udp", "icmp", "6", "17", "1", "all", "0", "gre", "TCP", "sctp", "47", "200",
        "esp"];
    private static readonly string[] BadProtocols = ["foo", "256", "-1", ""];
    private static readonly string[] PortTexts = ["80", "22:80", ":1024", "1024:", "0", "http", "65535", "0x50", "010", "domain:80", ":"];
    private static readonly string[] BadPortTexts = ["80:22", "foo", "65536", "-1", "1:2:3", "80-90", ""];
    private static readonly string[] Numbers = ["0", "1", "2", "5", "10", "100", "0x10", "4294967295"];
    private static readonly string[] BadNumbers = ["", "x", "-1", "4294967296", "1x"];
    private static readonly string[] Tables = ["filter", "nat", "mangle", "raw"];
    private static readonly string[] BuiltIn = ["INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"];
    private static readonly string[] IcmpTypes =
    [
        "any", "echo-request", "ping", "pong", "8", "3/1", "3", "destination-unreachable", "network-unreachable", "TOS-host-redirect",
        "255", "8/0", "echo",
        "foo", "ping/1", "3/1:2", "256", "3/", "", "network", "0:255", "11/1", "required-option-missing", "3x",
    ];
    private static readonly string[] States =
    [
        "NEW", "ESTABLISHED,RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT", "NEW,SNAT,DNAT", "new,established", "N", "FOO", "", "NEW,",
        ",NEW",
    ];
    private static readonly string[] Texts =
    [
        "hello", "two words", "with \"quotes\"", "it's", "back\\slash", "", "a-b_c", "x:", "tab\there",
        "sixty-four characters that are more than a log prefix has room for.",
        "semi;colon", "ümlaut", "%s%d",
    ];

    private static readonly string[] Words =
    [
        "-A", "-I", "-D", "-R", "-C", "-L", "-S", "-F", "-Z", "-N", "-X", "-E", "-P", "-t", "-n", "-v", "-x", "-p", "-s", "-d", "-i", "-o",
        "-f", "-j",
        "-g", "-m", "-c", "-V", "-h", "-4", "-6", "-w", "-W", "-M", "!", "--", "-", "", "INPUT", "OUTPUT", "test", "a", "1", "2", "nat",
        "filter", "tcp",
        "udp", "icmp", "ACCEPT", "DROP", "LOG", "DNAT", "REJECT", "MARK", "1.2.3.4", "10.0.0.0/8", "80", "80:90", "--dport", "--sport",
        "--syn",
        "--tcp-flags", "--tcp-option", "--icmp-type", "--ports", "--dports", "multiport", "conntrack", "state", "--ctstate", "--state",
        "NEW", "limit",
        "--limit", "5/sec", "mark", "--mark", "comment", "--comment", "statistic", "--mode", "random", "--probability", "0.5", "addrtype",
        "--dst-type",
        "LOCAL", "connlimit", "--connlimit-above", "--log-prefix", "--log-level", "--to", "--to-destination", "--set-mark", "--or-mark",
        "--reject-with",
        "--source", "--dest", "--src", "--dst", "--in", "--out", "--proto", "--jump", "--match", "--goto", "--table", "--list", "--append",
        "--delete",
        "--numeric", "--set-counters", "--line-numbers", "--exact", "--verbose", "--zero", "--new", "--policy", "--fragments", "--s",
        "--l", "--dport=80",
        "--mark=1", "--syn=1", "--numeric=1", "-ptcp", "-nL", "-vnL", "-nvx", "-AINPUT", "-jACCEPT", "-m=tcp", "--jump=ACCEPT", "-f1",
        "-nx", "-vv",
    ];

    /// <summary>A command line without the program's name.</summary>
    public List<string> Command()
    {
        if (Chance(12)) return [.. Enumerable.Range(0, random.Next(1, 10)).Select(_ => Pick(Words))];
        var arguments = new List<string>();
        var table = Chance(50) ? "filter" : Pick(Tables);
        if (table != "filter" || Chance(20)) arguments.AddRange(Chance(80) ? ["-t", table] : [$"--table={table}"]);
        if (Chance(1)) arguments.AddRange(["-t", Pick("foo", "", "nat")]);
        switch (random.Next(100))
        {
            case < 36:
                arguments.AddRange([Pick("-A", "-A", "--append", "--app"), Chain()]);
                Rule(arguments, table);
                break;
            case < 44:
                arguments.AddRange([Pick("-I", "--insert"), Chain()]);
                if (Chance(50)) arguments.Add(RuleNumber());
                Rule(arguments, table);
                break;
            case < 48:
                arguments.AddRange([Pick("-D", "-C", "--delete", "--check"), Chain()]);
                if (Chance(30)) arguments.Add(RuleNumber());
                else Rule(arguments, table);
                break;
            case < 52:
                arguments.AddRange(["-R", Chain()]);
                if (Chance(95)) arguments.Add(RuleNumber());
                Rule(arguments, table);
                break;
            case < 64:
                arguments.Add(Pick("-L", "-L", "-S", "--list", "--list-rules", "-nL", "-vnL"));
                OptionalChain(arguments);
                if (Chance(40)) arguments.Add("-n");
                if (Chance(40)) arguments.Add(Pick("-v", "-v", "--verbose"));
                if (Chance(15)) arguments.Add("-x");
                if (Chance(15)) arguments.Add(Pick("--line-numbers", "--line", "--line-number"));
                if (Chance(8)) arguments.AddRange(Pick("-Z", "-Z INPUT", "-A INPUT", "-F").Split(' '));
                break;
            case < 67:
                arguments.Add("-F");
                OptionalChain(arguments);
                break;
            case < 70:
                arguments.Add("-Z");
                OptionalChain(arguments);
                break;
            case < 80:
                arguments.AddRange(["-N", Chance(85) ? Pick(UserChains)
                    : Pick("INPUT", "LOG", "ACCEPT", "QUEUE", "-x", "!x", "a b", new string('n', 28), new string('n', 29), "CT", "")]);
                break;
            case < 84:
                arguments.Add("-X");
                OptionalChain(arguments);
                break;
            case < 88:
                arguments.AddRange(["-E", Chain()]);
                if (Chance(95)) arguments.Add(Pick(UserChains));
                break;
            case < 93:
                arguments.AddRange(["-P", Chain(), Pick("ACCEPT", "ACCEPT", "DROP", "DROP", "DROP", "RETURN", "REJECT", "accept", "")]);
                if (Chance(5)) arguments.RemoveAt(arguments.Count - 1);
                break;
            default:
                arguments.AddRange(Odd());
                break;
        }
        if (Chance(4)) arguments.Insert(random.Next(arguments.Count + 1),
            Pick("!", "--", "-", "-Q", "--foo", "x", "-n", "-v", "-x", "-4", "-6", "-w", "-w1", "-W", "--sour", "--d"));
        if (Chance(2) && arguments.Count > 1) arguments.RemoveAt(random.Next(arguments.Count));
        return arguments;
    }

    /// <summary>A file for iptables-restore.</summary>
    public string RestoreFile()
    {
        var text = new StringWriter();
        text.NewLine = "\n";
        foreach (var table in Tables)
        {
            if (Chance(55)) continue;
            text.WriteLine($"*{table}");
            if (Chance(20)) text.WriteLine("# a comment");
            foreach (var chain in BuiltIn)
            {
                if (Chance(50) || !HasChain(table, chain)) continue;
                var policy = Pick("ACCEPT", "DROP", Chance(5) ? "FOO" : "ACCEPT", Chance(5) ? "-" : "ACCEPT");
                text.WriteLine($":{chain} {policy} {(Chance(90) ? $"[{random.Next(100)}:{random.Next(100)}]" : "")}");
            }
            foreach (var chain in UserChains)
            {
                if (Chance(50)) text.WriteLine($":{chain} - [0:0]");
            }
            if (Chance(3)) text.WriteLine(Pick(":test", ":", ":x FOO [0:0]", ": -", ":toolongtoolongtoolongtoolongtoolong -"));
            for (var i = random.Next(6); i > 0; i--)
            {
                var arguments = new List<string> { Pick("-A", "-A", "-A", "-I"), Chain() };
                Rule(arguments, table);
                // With the -v of iptables-restore that would be two, which dump the kernel's structures.
                arguments.Remove("-v");
                var counters = Chance(30) ? $"[{random.Next(100)}:{random.Next(1000)}] " : "";
                text.WriteLine(counters + string.Join(' ', arguments.Select(Quote)));
            }
            if (Chance(10)) text.WriteLine(Pick("-X", "-F", "-F test", "-N foo", "-P INPUT DROP", "-E test test2", "-D INPUT 1", "-Z",
                "-L", "junk", "", "-t nat -A INPUT", "[1:2", "[1] -A INPUT", "-w -A INPUT", "-6 -A INPUT", "-4 -A INPUT", "-h",
                "-A INPUT -j \"ACCEPT"));
            if (Chance(96)) text.WriteLine("COMMIT");
        }
        if (Chance(3)) text.WriteLine(Pick("junk", "*foo", "*", "COMMIT", " "));
        return text.ToString();
    }

    private static string Quote(string argument) => argument.Length > 0 && argument.All(c => c > ' ' && c is not ('"' or '\\'))
        ? argument
        : '"' + argument.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';

    private static bool HasChain(string table, string chain) => table switch
    {
        "filter" => chain is "INPUT" or "FORWARD" or "OUTPUT",
        "nat" => chain is not "FORWARD",
        "raw" => chain is "PREROUTING" or "OUTPUT",
        _ => true,
    };

    private string[] Odd()
        => Pick("-h", "-m tcp -h", "-j LOG -h", "-p icmp -h", "", "-A", "-A INPUT -j", "-D INPUT", "-L INPUT 1", "-L 1", "-S INPUT 1",
        "-Z INPUT 1", "-L INPUT -Z",
        "-A INPUT -j test -g test", "-A INPUT -g test", "-A INPUT -g ACCEPT", "-A INPUT -g nochain", "-A test -g test", "-A a -j test",
        "-A test -j a",
        "-A INPUT -j INPUT", "-A INPUT -m foo", "-A INPUT -j FOO", "-A INPUT --dport 80", "-p tcp",
        "-A INPUT -p tcp --sport 1 -m tcp --dport 2",
        "-A INPUT -p udp -m udp --dport 53 -m udp --sport 53", "-N test -N a", "-A INPUT -N test", "-P INPUT", "-E test", "-R INPUT",
        "-A INPUT -s", "-A INPUT -c 5,6",
        "-A INPUT -c 5 x", "-A INPUT -c x 5", "-A INPUT -c 5", "-A INPUT -m tcp --dport 80", "-A INPUT -p udp -m tcp --dport 80",
        "-A INPUT -j MARK", "-S INPUT -v", "-S -v",
        "-A INPUT -s1.2.3.4", "-A INPUT --source=1.2.3.4", "-A INPUT -jACCEPT", "-AINPUT -j ACCEPT", "-A INPUT -ieth0",
        "-A INPUT -p tcp --dp 80", "-A INPUT -p tcp --tcp-f SYN SYN",
        "-F nochain", "-X nochain", "-Z nochain", "-L nochain", "-S nochain", "-D nochain 1", "-I nochain", "-A INPUT -m comment",
        "-A INPUT -f -p tcp", "-A INPUT ! -f",
        "-A INPUT ! -p all", "-A INPUT ! ! -p tcp", "-A ! INPUT", "! -A INPUT", "-A INPUT !", "-A INPUT -m ! tcp", "-A INPUT ! -m tcp",
        "-A INPUT ! -j DROP", "-L ! -n",
        "-A INPUT -m limit --limit 1 -m limit --limit 2/m", "-A INPUT -j ACCEPT --dport 80 -p tcp", "-p tcp -A INPUT --dport 80 -j ACCEPT",
        "--append INPUT --jump ACCEPT",
        "-A INPUT --protocol tcp --destination-port 80 --in-interface eth0 --source 1.1.1.1 --destination 2.2.2.2",
        "-L -t nat --numeric --exact --verbose", "-nvxL", "-A INPUT -nj ACCEPT",
        "-A INPUT -x", "-F -n", "-X -v", "-F -v", "-Z -v", "-F test -v", "-L -s 1.2.3.4", "-D INPUT 1 -v", "-D INPUT 0", "-D INPUT x",
        "-I INPUT 0", "-L INPUT x", "--line-numbers", "-A PREROUTING -o eth0",
        "-A INPUT -o eth0", "-A OUTPUT -i eth0", "-A POSTROUTING -i eth0").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private void Rule(List<string> arguments, string table)
    {
        string? protocol = null;
        if (Chance(60))
        {
            if (Chance(10)) arguments.Add("!");
            protocol = Chance(97) ? Chance(70) ? Pick("tcp", "udp", "icmp") : Pick(Protocols) : Pick(BadProtocols);
            arguments.AddRange([Pick("-p", "-p", "--protocol"), protocol]);
        }
        if (Chance(35)) Inverted(arguments, Pick("-s", "-s", "--source", "--src"), Value(Addresses, BadAddresses));
        if (Chance(35)) Inverted(arguments, Pick("-d", "--destination", "--dst"), Value(Addresses, BadAddresses));
        if (Chance(12)) Inverted(arguments, Pick("-i", "--in-interface"), Value(Devices, BadDevices));
        if (Chance(12)) Inverted(arguments, Pick("-o", "--out-interface"), Value(Devices, BadDevices));
        if (Chance(4)) arguments.AddRange(Chance(50) ? ["-f"] : ["!", "-f"]);
        if (protocol is "tcp" or "udp" or "6" or "17" && Chance(60)) Ports(arguments, protocol is "tcp" or "6");
        if (protocol is "icmp" or "1" && Chance(60)) Inverted(arguments, "--icmp-type", Pick(IcmpTypes));
        for (var i = random.Next(3); i > 0; i--) Match(arguments);
        if (Chance(10)) arguments.AddRange(["-c", Pick(Numbers), Pick(Numbers)]);
        if (Chance(90)) Target(arguments, table);
        if (Chance(10)) arguments.Add("-v");
    }

    private void Ports(List<string> arguments, bool tcp)
    {
        if (Chance(40)) arguments.AddRange(["-m", tcp ? "tcp" : "udp"]);
        if (Chance(70)) Inverted(arguments, Pick("--dport", "--destination-port"), Value(PortTexts, BadPortTexts));
        if (Chance(30)) Inverted(arguments, Pick("--sport", "--source-port"), Value(PortTexts, BadPortTexts));
        if (tcp && Chance(10)) Inverted(arguments, "--syn");
        if (tcp && Chance(10)) Inverted(arguments, "--tcp-flags", Pick("SYN,ACK", "ALL", "FIN", "syn,foo", "NONE"),
            Pick("SYN", "NONE", "ALL", "ACK,SYN", "!"));
        if (tcp && Chance(6)) Inverted(arguments, "--tcp-option", Pick("5", "0", "256", "255"));
    }

    private void Match(List<string> arguments)
    {
        switch (random.Next(12))
        {
            case 0:
                arguments.AddRange(["-m", "multiport"]);
                Inverted(arguments, Pick("--dports", "--sports", "--ports", "--destination-ports"),
                    Pick("80", "80,443", "1:5,80", "http,22", "80:22", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
                        "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16", "foo", "", "5:5", "80,"));
                if (Chance(10)) arguments.AddRange(["--ports", "5"]);
                break;
            case 1:
                arguments.AddRange(["-m", "conntrack"]);
                if (Chance(70)) Inverted(arguments, "--ctstate", Pick(States));
                if (Chance(15)) Inverted(arguments, "--ctproto", Value(Protocols, BadProtocols));
                if (Chance(15)) Inverted(arguments, Pick("--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst"),
                    Pick("1.2.3.4", "10.0.0.1/8", "10.0.0.0/255.255.0.0", "1.2.3.4/33", "0.0.0.0/0", "10.1"));
                if (Chance(15)) Inverted(arguments, Pick("--ctorigsrcport", "--ctorigdstport", "--ctreplsrcport", "--ctrepldstport"),
                    Value(PortTexts, BadPortTexts));
                if (Chance(15)) Inverted(arguments, "--ctstatus",
                    Pick("NONE", "EXPECTED", "SEEN_REPLY,ASSURED", "CONFIRMED", "foo", "ASS", ""));
                if (Chance(15)) Inverted(arguments, "--ctexpire", Pick("10", "10:20", ":5", "5:", "x", "1:2:3", "10x"));
                if (Chance(15)) Inverted(arguments, "--ctdir", Pick("ORIGINAL", "reply", "foo"));
                break;
            case 2:
                arguments.AddRange(["-m", "state"]);
                if (Chance(95)) Inverted(arguments, "--state", Pick(States));
                break;
            case 3:
                arguments.AddRange(["-m", "statistic", "--mode", Pick("random", "nth", "random", "nth", "foo")]);
                if (Chance(50)) Inverted(arguments, "--probability", Pick("0.5", "0.33333", "1", "0", "2", "x", "0.1e-3", "", "-0.5"));
                if (Chance(50)) Inverted(arguments, "--every", Pick("1", "2", "10", "0", "x"));
                if (Chance(50)) arguments.AddRange(["--packet", Pick("0", "1", "2", "9", "x")]);
                break;
            case 4:
                arguments.AddRange(["-m", "connlimit"]);
                if (Chance(80)) Inverted(arguments, Pick("--connlimit-above", "--connlimit-upto"), Value(Numbers, BadNumbers));
                if (Chance(20)) Inverted(arguments, Pick("--connlimit-above", "--connlimit-upto"), Value(Numbers, BadNumbers));
                if (Chance(40)) arguments.AddRange(["--connlimit-mask", Pick("32", "24", "0", "33", "255.255.0.0", "255.0.255.0", "x")]);
                if (Chance(20)) arguments.Add("--connlimit-saddr");
                if (Chance(20)) arguments.Add("--connlimit-daddr");
                break;
            case 5 or 6:
                arguments.AddRange(["-m", "limit"]);
                if (Chance(80)) Inverted(arguments, "--limit", Pick("5", "5/s", "10/minute", "3/hour", "1/day", "7/min", "100/sec",
                    "10000/s", "10001/s", "0", "x", "5/", "5/x", "-5", "1000/day", "5x/s", "12345/h"), 4);
                if (Chance(50)) arguments.AddRange(["--limit-burst", Pick("5", "1", "100", "10000", "10001", "0", "x")]);
                break;
            case 7:
                arguments.AddRange(["-m", "mark"]);
                if (Chance(95)) Inverted(arguments, "--mark", Pick("1", "0x10/0xff", "5/", "x", "0xffffffff", "0x100000000", "1/2/3",
                    "010", "1x"));
                break;
            case 8 or 9:
                arguments.AddRange(["-m", "comment"]);
                if (Chance(97)) Inverted(arguments, "--comment", Pick(Texts), 3);
                break;
            case 10:
                arguments.AddRange(["-m", "addrtype"]);
                if (Chance(60)) Inverted(arguments, "--src-type",
                    Pick("LOCAL", "UNICAST,BROADCAST", "local", "foo", "B", "", "LOCAL,", "foo,LOCAL", "NAT,XRESOLVE"));
                if (Chance(60)) Inverted(arguments, "--dst-type", Pick("LOCAL", "MULTICAST", "ANYCAST,PROHIBIT,THROW", "UN"));
                if (Chance(15)) arguments.Add("--limit-iface-in");
                if (Chance(15)) arguments.Add("--limit-iface-out");
                break;
            default:
                arguments.AddRange(["-m", Pick("tcp", "udp", "icmp", "foo", new string('m', 29))]);
                break;
        }
    }

    private void Target(List<string> arguments, string table)
    {
        var kind = table switch
        {
            "nat" when Chance(70) => random.Next(6, 10),
            "filter" when Chance(70) => random.Next(0, 6),
            _ => random.Next(0, 12),
        };
        switch (kind)
        {
            case 0 or 1:
                arguments.AddRange([Pick("-j", "--jump"), Pick("ACCEPT", "DROP", "RETURN", "ACCEPT")]);
                break;
            case 2 or 3:
                arguments.AddRange([Pick("-j", "-j", "-g", "--goto"), Pick(UserChains)]);
                break;
            case 4:
                arguments.AddRange(["-j", "REJECT"]);
                if (Chance(60)) Inverted(arguments, "--reject-with",
                    Pick("tcp-reset", "icmp-port-unreachable", "icmp-admin-prohibited", "host-unreach", "net-prohib", "tcp", "foo", "icmp",
                        "ICMP-HOST-PROHIBITED", ""), 3);
                break;
            case 5:
                arguments.AddRange(["-j", "LOG"]);
                if (Chance(60)) Inverted(arguments, "--log-prefix", Pick(Texts), 3);
                if (Chance(30)) arguments.AddRange(["--log-level", Pick("4", "debug", "info", "warning", "8", "foo", "0", "error", "7")]);
                if (Chance(15)) arguments.Add("--log-tcp-sequence");
                if (Chance(15)) arguments.Add("--log-tcp-options");
                if (Chance(15)) arguments.Add(Pick("--log-ip-options", "--log-ip", "--log"));
                if (Chance(15)) arguments.Add("--log-uid");
                if (Chance(15)) arguments.Add("--log-macdecode");
                break;
            case 6:
                arguments.AddRange(["-j", "DNAT"]);
                if (Chance(97)) arguments.AddRange([Pick("--to-destination", "--to"),
                    Pick("1.2.3.4", "1.2.3.4:80", "1.2.3.4-1.2.3.9", "1.2.3.4-1.2.3.9:80-90", ":8080", "1.2.3.4:80-90/5", "1.2.3",
                        "1.2.3.4:90-80", "1.2.3.4:80:90", "1.2.3.4:x", "[1.2.3.4]:80", "", "1.2.3.4-", "1.2.3.4:http", "10:80",
                        "1.2.3.9-1.2.3.4", "1.2.3.4:0", "1.2.3.4:80x", "1.2.3.4:80-90x")]);
                if (Chance(15)) arguments.Add("--random");
                if (Chance(15)) arguments.Add("--persistent");
                if (Chance(5)) arguments.Add("--random-fully");
                break;
            case 7:
                arguments.AddRange(["-j", "SNAT"]);
                if (Chance(97)) arguments.AddRange([Pick("--to-source", "--to"),
                    Pick("1.2.3.4", "1.2.3.4:80", "1.2.3.4-1.2.3.9:1024-2048", ":80", "x")]);
                if (Chance(15)) arguments.Add("--random");
                if (Chance(15)) arguments.Add("--random-fully");
                if (Chance(15)) arguments.Add("--persistent");
                break;
            case 8:
                arguments.AddRange(["-j", "MASQUERADE"]);
                if (Chance(40)) arguments.AddRange(["--to-ports", Pick("80", "1024-65535", "x", "80:90", "90-80")]);
                if (Chance(15)) arguments.Add("--random");
                if (Chance(15)) arguments.Add("--random-fully");
                break;
            case 9:
                arguments.AddRange(["-j", "REDIRECT"]);
                if (Chance(60)) arguments.AddRange([Pick("--to-ports", "--to-port"),
                    Pick("80", "1024-65535", "x", "80:90", "90-80", "http")]);
                if (Chance(15)) arguments.Add("--random");
                break;
            default:
                arguments.AddRange(["-j", "MARK"]);
                if (Chance(95)) Inverted(arguments, Pick("--set-mark", "--set-xmark", "--and-mark", "--or-mark", "--xor-mark"),
                    Pick("1", "0x10/0xff", "0", "x", "0xffffffff", "0/0xff", "4294967296"), 3);
                if (Chance(5)) arguments.AddRange(["--or-mark", "3"]);
                break;
        }
    }

    private void Inverted(List<string> arguments, string option, params ReadOnlySpan<string> values)
        => Inverted(arguments, option, values, 15);

    private void Inverted(List<string> arguments, string option, string value, int percent)
        => Inverted(arguments, option, [value], percent);

    private void Inverted(List<string> arguments, string option, ReadOnlySpan<string> values, int percent)
    {
        if (Chance(percent)) arguments.Add("!");
        arguments.Add(option);
        arguments.AddRange(values);
    }

    private string Value(string[] right, string[] wrong) => Chance(96) ? Pick(right) : Pick(wrong);

    private string Chain() => Chance(60) ? Pick(BuiltIn) : Chance(97) ? Pick(UserChains) : Pick("nochain", "", new string('c', 29));

    private void OptionalChain(List<string> arguments)
    {
        if (Chance(50)) arguments.Add(Chain());
        if (Chance(6)) arguments.Add(RuleNumber());
    }

    private string RuleNumber() => Chance(93) ? random.Next(1, 5).ToString() : Pick("0", "x", "-1", "99", "");

    private bool Chance(int percent) => random.Next(100) < percent;

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
