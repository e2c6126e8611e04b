using Weir.DataPath.Tests.Bench;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>Each match and each target, managed and in the kernel, on packets of all kinds: see <see cref="Twin"/> for what must agree.</summary>
[Collection("network")]
public sealed class TestRunTests(Twin twin) : IClassFixture<Twin>
{
    private const string Client = "198.51.100.7", Own = "192.0.2.1", Server = "10.0.0.5";

    private const string Nat = "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n";
    private const string Mangle = "*mangle\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n";
    private const string Filter = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";

    public static TheoryData<string> Matches =>
    [
        "-s 198.51.100.7", "-s 198.51.100.0/24", "! -s 198.51.100.7", "-s 198.0.0.7/255.0.0.255", "-d 10.0.0.5", "! -d 192.0.2.0/24",
        "-i eth0", "-i eth", "-i eth+", "! -i eth0", "-p tcp", "! -p tcp", "-p 47", "-f", "! -f",
        "-p tcp --dport 80", "-p tcp ! --dport 80", "-p tcp --dport 79:81", "-p tcp --sport 40000", "-p tcp ! --sport 1:1024", "-p tcp --syn", "-p tcp ! --syn",
        "-p tcp --tcp-flags ALL ACK", "-p tcp --tcp-flags SYN,FIN SYN,FIN", "-p tcp --tcp-option 2", "-p tcp ! --tcp-option 1", "-p tcp -m tcp --dport 80 -m tcp --sport 40000",
        "-p udp --dport 53", "-p udp ! --sport 1000", "-p icmp --icmp-type 8", "-p icmp --icmp-type 3/1", "-p icmp ! --icmp-type 8", "-p icmp --icmp-type any",
        "-p tcp -m multiport --dports 22,80,443", "-p tcp -m multiport ! --dports 22,80", "-p udp -m multiport --sports 1:10,1000:2000", "-p tcp -m multiport --ports 80,1:3",
        "-m conntrack --ctstate NEW", "-m conntrack --ctstate ESTABLISHED", "-m conntrack --ctstate INVALID", "-m conntrack --ctstate RELATED,ESTABLISHED", "-m conntrack ! --ctstate NEW",
        "-m conntrack --ctstate UNTRACKED", "-m conntrack --ctstate DNAT", "-m conntrack --ctproto tcp", "-m conntrack ! --ctproto 17", "-m conntrack --ctstatus SEEN_REPLY",
        "-m conntrack --ctstatus ASSURED,CONFIRMED", "-m conntrack --ctstatus NONE", "-m conntrack --ctexpire 1:100", "-m conntrack ! --ctexpire 1:100", "-m conntrack --ctdir REPLY",
        "-m conntrack --ctorigsrc 198.51.100.7", "-m conntrack --ctorigdst 10.0.0.0/24", "-m conntrack --ctreplsrc 10.0.0.5", "-m conntrack ! --ctrepldst 198.51.100.7",
        "-m conntrack --ctorigdstport 80", "-m conntrack --ctorigsrcport 40000:40010", "-m conntrack --ctreplsrcport 53", "-m conntrack ! --ctrepldstport 40000",
        "-m state --state NEW", "-m state --state ESTABLISHED", "-m statistic --mode nth --every 3 --packet 1", "-m statistic --mode nth --every 2 --packet 0",
        "-m statistic --mode random --probability 1", "-m statistic --mode random --probability 0", "-m limit --limit 1/hour --limit-burst 3", "-m limit --limit 5/day",
        "-p tcp -m connlimit --connlimit-above 1", "-m connlimit --connlimit-upto 1 --connlimit-mask 24", "-m connlimit --connlimit-above 0 --connlimit-daddr",
        "-m mark --mark 0x5", "-m mark ! --mark 0x4/0x4", "-m addrtype --src-type UNICAST", "-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL",
        "-m addrtype --dst-type BROADCAST,MULTICAST", "-m addrtype --dst-type LOCAL --limit-iface-in", "-m comment --comment text",
    ];

    public static TheoryData<string, string> Targets => new()
    {
        { "ACCEPT", Filter + "-A FORWARD -p tcp -j ACCEPT\n-A FORWARD -j DROP\nCOMMIT\n" },
        { "DROP", Filter + "-A FORWARD -p udp -j DROP\n-A INPUT -j DROP\n-A OUTPUT -p tcp -j DROP\nCOMMIT\n" },
        { "no target", Filter + "-A FORWARD -p udp\n-A FORWARD\nCOMMIT\n" },
        { "policy", "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n-A FORWARD -p tcp -j ACCEPT\nCOMMIT\n" },
        { "RETURN and chains", Filter + ":a - [0:0]\n:b - [0:0]\n-A FORWARD -j a\n-A FORWARD -p icmp -j DROP\n-A a -p tcp -j RETURN\n-A a -g b\n-A a -j DROP\n-A b -p udp -j RETURN\n-A b -j DROP\nCOMMIT\n" },
        { "RETURN from FORWARD", "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -p tcp -j RETURN\n-A FORWARD -j ACCEPT\nCOMMIT\n" },
        { "MARK --set-mark", Mangle + "-A PREROUTING -p tcp -j MARK --set-mark 5\n-A FORWARD -m mark --mark 5 -j DROP\n-A OUTPUT -j MARK --set-mark 9\nCOMMIT\n" },
        { "MARK --set-xmark", Mangle + "-A PREROUTING -j MARK --set-xmark 0x12/0xf0\n-A PREROUTING -p udp -j MARK --set-xmark 0x3/0x0\nCOMMIT\n" },
        { "MARK --and, --or, --xor", Mangle + "-A PREROUTING -j MARK --or-mark 0x7\n-A PREROUTING -p udp -j MARK --and-mark 0x3\n-A PREROUTING -p tcp -j MARK --xor-mark 0x2\nCOMMIT\n" },
        { "LOG", Filter + "-A FORWARD -j LOG --log-prefix \"x \" --log-tcp-options\n-A INPUT -p tcp -j LOG\n-A FORWARD -p udp -j DROP\nCOMMIT\n" },
        { "REJECT icmp-port-unreachable", Filter + "-A FORWARD -p udp -j REJECT\n-A INPUT -j REJECT\nCOMMIT\n" },
        { "REJECT icmp-net-unreachable", Filter + "-A FORWARD -j REJECT --reject-with icmp-net-unreachable\nCOMMIT\n" },
        { "REJECT icmp-host-unreachable", Filter + "-A FORWARD -j REJECT --reject-with icmp-host-unreachable\nCOMMIT\n" },
        { "REJECT icmp-proto-unreachable", Filter + "-A FORWARD -j REJECT --reject-with icmp-proto-unreachable\nCOMMIT\n" },
        { "REJECT icmp-net-prohibited", Filter + "-A FORWARD -j REJECT --reject-with icmp-net-prohibited\nCOMMIT\n" },
        { "REJECT icmp-host-prohibited", Filter + "-A FORWARD -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n" },
        { "REJECT icmp-admin-prohibited", Filter + "-A INPUT -j REJECT --reject-with icmp-admin-prohibited\nCOMMIT\n" },
        { "REJECT tcp-reset", Filter + "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A INPUT -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n" },
        { "REJECT of a translated flow", Nat + "-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.0.0.5\nCOMMIT\n" + Filter + "-A FORWARD -j REJECT\nCOMMIT\n" },
        { "DNAT", Nat + "-A PREROUTING -d 192.0.2.1/32 -p tcp -j DNAT --to-destination 10.0.0.5:8080\n-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.0.0.6\nCOMMIT\n" },
        { "DNAT to a range", Nat + "-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.0.0.16-10.0.0.19\nCOMMIT\n" },
        { "DNAT to a range, persistent", Nat + "-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.0.0.16-10.0.0.19 --persistent\nCOMMIT\n" },
        { "DNAT in OUTPUT", Nat + "-A OUTPUT -d 198.51.100.7/32 -j DNAT --to-destination 10.0.0.5\nCOMMIT\n" },
        { "SNAT", Nat + "-A POSTROUTING -o eth1 -j SNAT --to-source 10.0.0.1\nCOMMIT\n" },
        { "SNAT with a port", Nat + "-A POSTROUTING -p tcp -o eth1 -j SNAT --to-source 10.0.0.1:7000\nCOMMIT\n" },
        { "MASQUERADE", Nat + "-A POSTROUTING -j MASQUERADE\nCOMMIT\n" },
        { "REDIRECT", Nat + "-A PREROUTING -p tcp -d 192.0.2.1/32 -j REDIRECT --to-ports 8000\n-A PREROUTING -p udp -j REDIRECT --to-ports 5353\nCOMMIT\n" },
        { "both ends", Nat + "-A PREROUTING -d 192.0.2.1/32 -j DNAT --to-destination 10.0.0.5\n-A POSTROUTING -d 10.0.0.5/32 -j SNAT --to-source 10.0.0.1\nCOMMIT\n" },
    };

    [Theory]
    [MemberData(nameof(Matches))]
    public void Matches_agree(string match)
    {
        var input = match.Contains("-i ", StringComparison.Ordinal) ? "PREROUTING" : "FORWARD";
        var rules = input == "FORWARD"
            ? $"{Filter}-A FORWARD {match}\n-A INPUT {match}\n-A OUTPUT {(match.Contains("iface-in", StringComparison.Ordinal) ? "" : match)} -j DROP\nCOMMIT\n"
            : $"{Mangle}-A PREROUTING {match}\n-A FORWARD {match} -j DROP\nCOMMIT\n";
        // Filters count where the match holds; an image of its own drops where it does.
        twin.Load(rules);
        Send(mark: 5);
        twin.Load(rules.Replace($"{match}\n", $"{match} -j DROP\n", StringComparison.Ordinal));
        Send(mark: 5);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Targets_agree(string target, string rules)
    {
        _ = target;
        twin.Load(rules);
        Send(mark: 0x44);
    }

    [Fact]
    public void Random_packets_agree()
    {
        twin.Load(Nat + "-A PREROUTING -d 192.0.2.1/32 -p tcp -j DNAT --to-destination 10.0.0.9\nCOMMIT\n" +
            Filter + "-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -p tcp --dport 1:1000 -j ACCEPT\n-A FORWARD -p udp -j REJECT\nCOMMIT\n");
        var random = new Random(11);
        for (var i = 0; i < 1500; i++)
        {
            var flags = (byte)random.Next(256);
            var frame = random.Next(3) switch
            {
                0 => Frame.Udp(Client, 40000, Own, 53, random.Next(40)),
                1 => Frame.Icmp(Client, Server, (byte)random.Next(20), 0, 7, random.Next(60)),
                _ => Frame.Tcp(Client, 40000 + random.Next(3), random.Next(2) == 0 ? Own : Server, 80, flags, random.Next(40), random.Next(11) * 4),
            };
            for (var n = random.Next(5); n > 0; n--)
            {
                // Addresses stay as they are: routes of made-up ones are not the same everywhere.
                var at = random.Next(14, frame.Length);
                if (at is < 26 or >= 34) frame[at] = (byte)random.Next(256);
            }
            if (random.Next(2) == 0 && (frame[14] & 15) >= 5 && frame.Length >= 14 + (frame[14] & 15) * 4) Frame.FixIp(frame);
            twin.Through(frame[..random.Next(34, frame.Length + 1)]);
        }
    }

    /// <summary>Packets of all kinds: connections that open and close, datagrams and answers, pings, errors, fragments, damage, what the host sends itself.</summary>
    private void Send(uint mark)
    {
        byte[] Syn(int port = 40000, string to = Server) => Frame.Tcp(Client, port, to, 80, Frame.Syn);
        twin.Through(Syn());
        Answer(Frame.Syn | Frame.Ack);
        twin.Through(Frame.Tcp(Client, 40000, Server, 80, Frame.Ack, 10));
        twin.Through(Syn(40001));
        Answer(Frame.Rst | Frame.Ack);
        twin.Through(Syn(40002));
        twin.Through(Frame.Tcp(Client, 40000, Server, 80, Frame.Fin | Frame.Ack));
        Answer(Frame.Fin | Frame.Ack);
        twin.Through(Frame.Tcp(Client, 40000, Server, 80, Frame.Ack));
        twin.Through(Syn());
        twin.Through(Frame.Tcp(Client, 41000, Server, 22, Frame.Ack));
        twin.Through(Frame.Tcp(Client, 41001, Server, 22, Frame.Syn | Frame.Fin));
        twin.Through(Frame.Tcp(Client, 41002, Server, 443, Frame.Syn, 0, 8));
        var request = Frame.Udp(Client, 1000, Server, 53);
        twin.Through(request);
        Answer();
        twin.Through(request);
        twin.Through(Frame.Udp(Client, 2000, Server, 99, 8, false));
        twin.Through(Frame.Icmp(Client, Server, 8));
        twin.Through(Frame.Icmp(Frame.Destination(twin.Frame), Frame.Source(twin.Frame), 0), Twin.Eth1, Twin.Eth0);
        twin.Through(Frame.Icmp(Client, Server, 13));
        twin.Through(Frame.Icmp(Client, Server, 200));
        twin.Through(Frame.Udp(Client, 1004, Server, 53));
        twin.Through(Frame.Error(Frame.Destination(twin.Frame), Frame.Source(twin.Frame), 3, 1, twin.Frame, 28), Twin.Eth1, Twin.Eth0);
        twin.Through(Syn(40003));
        twin.Through(Frame.Error(Server, Frame.Source(twin.Frame), 11, 0, twin.Frame), Twin.Eth1, Twin.Eth0);
        twin.Through(Frame.Error(Server, Client, 3, 3, Frame.Udp(Client, 3333, Server, 53)), Twin.Eth1, Twin.Eth0);
        twin.Through(Frame.Packet(47, Client, Server, [0, 0, 8, 0, 1, 2, 3, 4], -1, 0));
        twin.Through(Frame.Packet(50, Client, Server, [1, 2, 3, 4, 5, 6, 7, 8], -1, 0));
        twin.Through(Frame.Packet(6, Client, Server, new byte[12], -1, 0));
        twin.Through(Frame.Packet(17, Client, Server, [1, 2, 3], -1, 0));
        var (first, later) = Frame.Split(Frame.Udp(Client, 1001, Server, 53, 100), 64);
        twin.Through(later);
        twin.Through(first);
        twin.Through(later);
        var damaged = Frame.Udp(Client, 1003, Server, 53);
        damaged[^1] ^= 0x55;
        twin.Through(damaged);
        // For the host itself, and to whatever it is translated to.
        twin.Through(Syn(40005, Own), mark: mark);
        Answer(Frame.Syn | Frame.Ack);
        twin.Through(Frame.Tcp(Client, 40005, Own, 80, Frame.Ack));
        twin.Through(Frame.Udp(Client, 1005, Own, 53));
        Answer();
        twin.Through(Frame.Icmp(Client, Own, 8));
        twin.Through(Frame.Udp(Client, 1006, "192.0.2.255", 53));
        // Made by the host.
        twin.Out(Frame.Tcp(Own, 50000, Client, 80, Frame.Syn), mark: mark);
        Answer(Frame.Syn | Frame.Ack);
        twin.Out(Frame.Udp(Own, 50000, Client, 53), mark: mark);
        Answer();
        twin.Out(Frame.Icmp(Own, Client, 8));
    }

    /// <summary>What the other end of the last packet, as it left, sends back (TCP with these flags).</summary>
    private void Answer(byte flags = 0)
    {
        var last = twin.Frame;
        var (from, to) = (Frame.Destination(last), Frame.Source(last));
        var (fromPort, toPort) = (Frame.DestinationPort(last), Frame.SourcePort(last));
        var answer = flags != 0 ? Frame.Tcp(from, fromPort, to, toPort, flags) : Frame.Udp(from, fromPort, to, toPort, 20);
        if (from == Own) twin.Out(answer);
        else twin.Through(answer, from.StartsWith("10.0.0.", StringComparison.Ordinal) ? Twin.Eth1 : Twin.Eth0, Twin.Eth0);
    }
}
