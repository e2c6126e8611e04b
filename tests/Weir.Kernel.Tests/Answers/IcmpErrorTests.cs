using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Answers;

/// <summary>ICMP errors about tracked and translated flows: from servers, from routers on the way, about answers, and made by the router itself; beside the real iptables-legacy.</summary>
[Collection("network")]
public sealed class IcmpErrorTests
{
    private const uint Client = 0x0a010002, LeftRouter = 0x0a010001, RightRouter = 0x0a020001, Server = 0x0a020002, Middle = 0x0a020009;

    private const string Counting =
        "*mangle\n-A PREROUTING -m conntrack --ctstate RELATED\n-A PREROUTING -m conntrack --ctstate INVALID\n-A INPUT -m conntrack --ctstate RELATED\n" +
        "-A FORWARD -m conntrack --ctstate RELATED\n-A OUTPUT -m conntrack --ctstate RELATED\n-A POSTROUTING -m conntrack --ctstate DNAT\n-A POSTROUTING -m conntrack --ctstate SNAT\nCOMMIT\n";

    public static TheoryData<string> Translations => new(
        "",
        "-A POSTROUTING -o right -j MASQUERADE",
        "-A POSTROUTING -o right -p tcp -j SNAT --to-source 10.2.0.7:5000\n-A POSTROUTING -o right -p udp -j SNAT --to-source 10.2.0.7:6000",
        "-A PREROUTING -i left -d 10.2.0.0/24 -p tcp -j DNAT --to-destination 10.2.0.3:8080\n-A PREROUTING -i left -d 10.2.0.0/24 -j DNAT --to-destination 10.2.0.3",
        "-A PREROUTING -i left -p udp -j DNAT --to-destination 10.2.0.3:8080\n-A PREROUTING -i left -j DNAT --to-destination 10.2.0.3\n-A POSTROUTING -o right -j MASQUERADE");

    [Theory]
    [MemberData(nameof(Translations))]
    public void Errors_about_what_left_come_to_the_client(string nat)
    {
        Compare(nat, exchange =>
        {
            foreach (var opening in Openings())
            {
                var sent = exchange(true, opening);
                if (sent.Count != 1) continue;
                var packet = Frame.Packet(sent[0].Frame).ToArray();
                var (to, from) = (Frame.Source(sent[0].Frame), Frame.Destination(sent[0].Frame));
                exchange(false, Right(from, to, Frame.Icmp(3, 3, 0, packet)));
                exchange(false, Right(from, to, Frame.Icmp(3, 2, 0, packet[..28])));
                exchange(false, Right(Middle, to, Frame.Icmp(3, 4, 1300, packet)));
                exchange(false, Right(Middle, to, Frame.Icmp(11, 0, 0, packet[..28])));
                exchange(false, Right(Middle, to, Frame.Icmp(4, 0, 0, packet[..Math.Min(packet.Length, 40)])));
                exchange(false, Right(Middle, to, Frame.Icmp(12, 0, 0x14000000, packet)));
                exchange(false, Right(Middle, to, Frame.Icmp(5, 1, 0x0a020008, packet)));
                // Too little of the packet, or nothing.
                foreach (var length in new[] { 27, 24, 23, 20, 19, 4, 0 }) exchange(false, Right(Middle, to, Frame.Icmp(3, 1, 0, packet[..length])));
                // The wrong packet: no flow's, a later fragment, to someone else.
                var other = packet.ToArray();
                other[15] ^= 1;
                exchange(false, Right(Middle, to, Frame.Icmp(3, 1, 0, other)));
                other = packet.ToArray();
                other[7] = 9;
                exchange(false, Right(Middle, to, Frame.Icmp(3, 1, 0, other)));
                exchange(false, Right(Middle, to == Client ? RightRouter : Client, Frame.Icmp(3, 1, 0, packet)));
                // A wrong checksum.
                var wrong = Right(from, to, Frame.Icmp(3, 3, 0, packet));
                wrong[40] ^= 1;
                exchange(false, wrong);
            }
        });
    }

    [Theory]
    [MemberData(nameof(Translations))]
    public void Errors_about_answers_come_to_the_server(string nat)
    {
        Compare(nat, exchange =>
        {
            foreach (var opening in Openings())
            {
                var sent = exchange(true, opening);
                if (sent.Count != 1) continue;
                var answers = exchange(false, Answer(sent[0].Frame));
                if (answers.Count != 1) continue;
                var packet = Frame.Packet(answers[0].Frame).ToArray();
                var (to, from) = (Frame.Source(answers[0].Frame), Frame.Destination(answers[0].Frame));
                exchange(true, Left(from, to, Frame.Icmp(3, 3, 0, packet)));
                exchange(true, Left(0x0a010009, to, Frame.Icmp(3, 4, 1300, packet[..28])));
                exchange(true, Left(0x0a010009, to, Frame.Icmp(11, 1, 0, packet)));
                exchange(true, Left(from, Middle, Frame.Icmp(3, 3, 0, packet)));
            }
        });
    }

    [Theory]
    [MemberData(nameof(Translations))]
    public void Errors_that_the_router_makes_quote_what_was_sent_to_it(string nat)
    {
        Compare(nat, exchange =>
        {
            foreach (var opening in Openings())
            {
                // The first packet of a flow, with its last hop behind it.
                var expired = opening.ToArray();
                expired[22] = 1;
                Frame.FixChecksums(expired);
                exchange(true, expired);
                var sent = exchange(true, opening);
                exchange(true, expired);
                if (sent.Count != 1) continue;
                var answer = Answer(sent[0].Frame);
                answer[22] = 1;
                Frame.FixChecksums(answer);
                exchange(false, answer);
            }
            // What does not fit and must not be cut.
            foreach (var (protocol, segment) in new (byte, byte[])[] { (17, Frame.Udp(40009, 53, 1400)), (6, Frame.Tcp(40009, 80, Frame.Syn, 1, 0, 1400)) })
            {
                var large = Left(Client, Server, segment, protocol);
                large[20] = 0x40;
                Frame.FixChecksums(large);
                exchange(true, large);
                exchange(true, large);
            }
        }, "ip link set right mtu 1300", countsNat: false);
    }

    [Theory]
    [InlineData("-A PREROUTING -p udp -j REDIRECT --to-ports 8080")]
    [InlineData("-A PREROUTING -p udp -j DNAT --to-destination 10.1.0.1:99")]
    [InlineData("-A PREROUTING -p udp -j REDIRECT --to-ports 8080\n-A INPUT -p udp -j SNAT --to-source 10.1.0.5")]
    public void A_closed_port_of_the_router_is_reported_by_the_address_that_was_asked(string nat)
    {
        Compare(nat, exchange =>
        {
            ushort port = 40000;
            foreach (var destination in new[] { LeftRouter, RightRouter, Server })
            {
                exchange(true, Left(Client, destination, Frame.Udp(++port, 80), 17));
                exchange(true, Left(Client, destination, Frame.Udp(port, 80, 900), 17));
            }
        });
    }

    private static IEnumerable<byte[]> Openings() =>
    [
        Left(Client, Server, Frame.Udp(40000, 53, 20), 17),
        Left(Client, Server, Frame.Tcp(40000, 80, Frame.Syn, 1000, 0), 6),
        Left(Client, Server, Frame.Icmp(8, 0, 0x00070001, [1, 2, 3, 4, 5, 6, 7, 8])),
        Left(Client, Server, Frame.Udp(40001, 53, 600), 17),
    ];

    private static byte[] Left(uint source, uint destination, byte[] segment, byte protocol = 1) =>
        Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, source, destination, protocol, segment, 77);

    private static byte[] Right(uint source, uint destination, byte[] segment, byte protocol = 1) =>
        Frame.Build(Router.RightRouterMac, Router.RightHostMac, source, destination, protocol, segment, 78);

    /// <summary>What the server answers to a packet.</summary>
    private static byte[] Answer(byte[] frame)
    {
        var segment = Frame.Segment(frame).ToArray();
        switch (Frame.Protocol(frame))
        {
            case 1:
                segment[0] = 0;
                break;
            default:
                (segment[0], segment[1], segment[2], segment[3]) = (segment[2], segment[3], segment[0], segment[1]);
                if (Frame.Protocol(frame) != 6) break;
                segment[13] = Frame.Syn | Frame.Ack;
                segment[11] = 1;
                segment[10] = 1;
                break;
        }
        return Right(Frame.Destination(frame), Frame.Source(frame), segment, Frame.Protocol(frame));
    }

    private static void Compare(string nat, Action<Func<bool, byte[], List<(bool Left, byte[] Frame)>>> conversation, string? setup = null,
        bool countsNat = true)
    {
        using var reference = new Router("errl");
        using var subject = new Router("errw");
        var rules = (nat.Length == 0 ? "" : $"*nat\n{nat}\nCOMMIT\n") + Counting;
        try
        {
            foreach (var router in new[] { reference, subject })
            {
                if (setup is not null) router.Namespace.Run(setup);
            }
            reference.Namespace.Run("iptables-legacy-restore -w 10", rules);
            subject.Namespace.Run(Shell.Weir("iptables-restore") + " -w 10", rules);
            var differences = new List<string>();
            var number = 0;
            conversation((left, frame) =>
            {
                number++;
                var wanted = reference.Exchange(left, frame);
                var got = subject.Exchange(left, frame, wanted.Count);
                var (wantedText, gotText) = (Describe(wanted), Describe(got));
                if (wantedText != gotText) differences.Add($"{number}: sent {(left ? "left" : "right")} {Frame.Describe(frame)}\n wanted:\n{wantedText} got:\n{gotText}");
                return wanted;
            });
            // A flow whose first packet routing drops begins again in netfilter; here it is known, and its rules have been met.
            var table = countsNat ? "" : " -t mangle";
            var (counters, counted) = (Counters(reference, "iptables-legacy-save" + table), Counters(subject, Shell.Weir("iptables-save") + table));
            if (counters != counted) differences.Add($"counters wanted:\n{counters} got:\n{counted}");
            if (differences.Count > 0) throw new XunitException($"{rules}\n{string.Join('\n', differences.Take(4))}\n{differences.Count} differences");
        }
        finally
        {
            subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static string Describe(List<(bool Left, byte[] Frame)> frames) =>
        string.Concat(frames.Select(f => $"  {(f.Left ? "left" : "right")} {Frame.Describe(f.Frame)}\n").Order(StringComparer.Ordinal));

    private static string Counters(Router router, string command)
    {
        var lines = router.Namespace.Run($"{command} -c").Split('\n').Where(line => line.Length > 0 && line[0] != '#' && line != "COMMIT");
        return string.Concat(string.Join('\n', lines).Split('*').Order(StringComparer.Ordinal).Select(table => $"\n*{table.Trim()}"));
    }
}
