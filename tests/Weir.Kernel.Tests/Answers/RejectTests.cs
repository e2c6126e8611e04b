using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Answers;

/// <summary>What REJECT answers, byte for byte beside the real iptables-legacy: packets in from the left, whatever comes out on either side.</summary>
[Collection("network")]
public sealed class RejectTests
{
    private const uint Client = 0x0a010002, Router1 = 0x0a010001, Router2 = 0x0a020001, Server = 0x0a020002;

    private static readonly string[] s_kinds =
    [
        "icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable", "icmp-port-unreachable", "icmp-net-prohibited", "icmp-host-prohibited",
        "icmp-admin-prohibited", "tcp-reset",
    ];

    [Theory]
    [InlineData("INPUT", Router1)]
    [InlineData("INPUT", Router2)]
    [InlineData("FORWARD", Server)]
    public void Every_kind_of_answer_is_that_of_iptables(string chain, uint destination)
    {
        // Each kind has ports of its own.
        var rules = s_kinds.Select((kind, i) => $"-A {chain} -p tcp --dport {1000 + i} -j REJECT --reject-with {kind}\n").ToList();
        rules.AddRange(s_kinds[..^1].Select((kind, i) => $"-A {chain} -p udp --dport {1000 + i} -j REJECT --reject-with {kind}\n"));
        rules.Add($"-A {chain} -j REJECT\n");
        var frames = new List<byte[]>();
        for (ushort port = 1000; port < 1000 + s_kinds.Length; port++)
        {
            frames.Add(In(destination, 6, Frame.Tcp(40000, port, Frame.Syn, 4000000000, 0)));
            frames.Add(In(destination, 6, Frame.Tcp(40001, port, Frame.Ack | Frame.Psh, 7, 0x80000001, 1000), tos: 0x10));
            if (port < 1000 + s_kinds.Length - 1) frames.Add(In(destination, 17, Frame.Udp(40000, port, port - 990)));
        }
        Compare($"*filter\n{string.Concat(rules)}COMMIT\n", frames);
    }

    [Theory]
    [InlineData("INPUT", Router1)]
    [InlineData("FORWARD", Server)]
    public void A_reset_takes_up_the_numbers_of_every_segment(string chain, uint destination)
    {
        byte[] flags =
        [
            Frame.Syn, Frame.Syn | Frame.Ack, Frame.Ack, Frame.Fin | Frame.Ack, Frame.Fin, Frame.Syn | Frame.Fin, Frame.Rst, Frame.Rst | Frame.Ack, 0,
            Frame.Psh | Frame.Urg,
        ];
        var frames = new List<byte[]>();
        foreach (var flag in flags)
        {
            frames.Add(In(destination, 6, Frame.Tcp(40000, 80, flag, 0xfffffff0, 0x12345678, 33)));
            frames.Add(In(destination, 6, Frame.Tcp(40000, 80, flag, 1, 0), tos: 0xff));
        }
        // A segment with options.
        var segment = new byte[32];
        Frame.Tcp(40000, 80, Frame.Syn, 5, 0).CopyTo(segment, 0);
        segment[12] = 0x80;
        segment.AsSpan(20).Fill(1);
        frames.Add(In(destination, 6, segment));
        Compare($"*filter\n-A {chain} -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n", frames);
    }

    [Theory]
    [InlineData("INPUT", Router1)]
    [InlineData("FORWARD", Server)]
    public void Errors_quote_what_iptables_quotes_and_answer_what_it_answers(string chain, uint destination)
    {
        var frames = new List<byte[]>();
        foreach (var length in new[] { 0, 1, 2, 3, 4, 400, 519, 520, 521, 522, 523, 524, 525, 1000, 1472 }) frames.Add(In(destination, 17, Frame.Udp(40000, 9, length), tos: (byte)length));
        // Without a checksum.
        var udp = In(destination, 17, Frame.Udp(40000, 9));
        udp[40] = udp[41] = 0;
        frames.Add(udp);
        // With a wrong one.
        foreach (var (protocol, segment) in new (byte, byte[])[] { (6, Frame.Tcp(40000, 9, Frame.Syn, 1, 0)), (17, Frame.Udp(40000, 9)), (1, Frame.Icmp(8, 0, 1, [1, 2, 3])) })
        {
            var frame = In(destination, protocol, segment);
            frame[34] ^= 0x10;
            frames.Add(frame);
        }
        // ICMP: queries are answered, errors and what nobody knows are not.
        for (byte type = 0; type < 21; type++)
            frames.Add(In(destination, 1, Frame.Icmp(type, 0, 0x00010002, Frame.Packet(In(destination, 17, Frame.Udp(1, 2))))));
        // Other protocols: with checksums of another kind, and without any.
        foreach (byte protocol in new byte[] { 47, 50, 51, 132, 136, 4, 89, 255 }) frames.Add(In(destination, protocol, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        frames.Add(In(destination, 89, [1, 2, 0xfe, 0xfd]));
        // Later fragments are not answered (for this host they are put together first).
        if (chain == "FORWARD")
        {
            var later = In(destination, 17, Frame.Udp(40000, 9, 24));
            (later[20], later[21]) = (0, 4);
            Frame.FixChecksums(later);
            frames.Add(later);
        }
        // Nor is what was not sent to this host alone.
        var broadcast = In(destination, 17, Frame.Udp(40000, 9));
        broadcast.AsSpan(0, 6).Fill(0xff);
        frames.Add(broadcast);
        Compare($"*filter\n-A {chain} -j REJECT\nCOMMIT\n", frames);
    }

    [Theory]
    [InlineData("nat", "-A PREROUTING -d 10.1.0.1 -p tcp --dport 80 -j DNAT --to-destination 10.2.0.2:8080", "FORWARD")]
    [InlineData("nat", "-A PREROUTING -d 10.1.0.1 -p udp --dport 80 -j DNAT --to-destination 10.2.0.2", "FORWARD")]
    [InlineData("nat", "-A PREROUTING -d 10.2.0.2 -j DNAT --to-destination 10.1.0.1", "INPUT")]
    [InlineData("nat", "-A PREROUTING -p tcp -j REDIRECT --to-ports 8080", "INPUT")]
    [InlineData("nat", "-A PREROUTING -p udp -j REDIRECT --to-ports 8080\n-A POSTROUTING -j MASQUERADE", "INPUT")]
    [InlineData("nat", "-A POSTROUTING -j MASQUERADE", "FORWARD")]
    public void Answers_are_translated_as_their_flows_are(string table, string rules, string chain)
    {
        var frames = new List<byte[]>();
        foreach (var destination in new[] { Router1, Server })
        {
            frames.Add(In(destination, 6, Frame.Tcp(40000, 80, Frame.Syn, 1, 0)));
            frames.Add(In(destination, 17, Frame.Udp(40000, 80, 20)));
            frames.Add(In(destination, 1, Frame.Icmp(8, 0, 0x00050001, [1, 2, 3, 4])));
        }
        Compare($"*{table}\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n{rules}\nCOMMIT\n" +
            $"*mangle\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A OUTPUT -m conntrack --ctstate RELATED\n-A OUTPUT -s 10.2.0.0/24\n-A POSTROUTING -m conntrack --ctstate DNAT\nCOMMIT\n" +
            $"*filter\n:OUTPUT ACCEPT [0:0]\n-A {chain} -p tcp -j REJECT --reject-with tcp-reset\n-A {chain} -j REJECT --reject-with icmp-admin-prohibited\nCOMMIT\n", frames);
    }

    [Fact]
    public void Answers_pass_the_output_chains()
    {
        Compare("*filter\n:OUTPUT DROP [0:0]\n-A INPUT -j REJECT\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n-A OUTPUT -p icmp --icmp-type 3/3 -o left -j ACCEPT\nCOMMIT\n",
        [
            In(Router1, 17, Frame.Udp(40000, 80)),
            In(Server, 6, Frame.Tcp(40000, 80, Frame.Syn, 1, 0)),
        ]);
    }

    [Fact]
    public void No_more_errors_are_sent_to_a_client_than_the_kernel_sends()
    {
        var rules = "*filter\n-A INPUT -j REJECT\n-A FORWARD -j REJECT --reject-with icmp-net-prohibited\nCOMMIT\n";
        var answers = new List<int>();
        foreach (var restore in new[] { "iptables-legacy-restore", Shell.Weir("iptables-restore") })
        {
            using var router = new Router("rejr");
            try
            {
                // The kernel's default.
                router.Namespace.Run("sysctl -qw net.ipv4.icmp_ratelimit=1000");
                router.Namespace.Run(restore + " -w 10", rules);
                var before = Environment.TickCount64;
                answers.Add(Enumerable.Range(0, 20).Sum(i => router.Exchange(true, In(i % 2 == 0 ? Router1 : Server, 17, Frame.Udp(40000, 53))).Count));
                // One a second is added.
                answers[^1] -= (int)(Environment.TickCount64 - before) / 1000;
                answers.Add(router.Exchange(true, In(Router1, 6, Frame.Tcp(40000, 53, Frame.Syn, 1, 0))).Count);
            }
            finally
            {
                if (restore[0] == '/') router.Namespace.Execute([Shell.Weir("weir"), "down"]);
            }
        }
        Assert.Equal([6, 0, 6, 0], answers);
    }

    private static byte[] In(uint destination, byte protocol, byte[] segment, byte tos = 0) =>
        Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, Client, destination, protocol, segment, 77, tos: tos);

    /// <summary>Sends the frames through both and compares what came out, and all counters at the end.</summary>
    private static void Compare(string rules, List<byte[]> frames)
    {
        using var reference = new Router("rejl");
        using var subject = new Router("rejw");
        try
        {
            reference.Namespace.Run("iptables-legacy-restore -w 10", rules);
            subject.Namespace.Run(Shell.Weir("iptables-restore") + " -w 10", rules);
            var differences = new List<string>();
            foreach (var frame in frames)
            {
                var wanted = reference.Exchange(true, frame);
                var got = subject.Exchange(true, frame, wanted.Count);
                var (wantedText, gotText) = (Describe(wanted), Describe(got));
                if (wantedText != gotText) differences.Add($"sent {Frame.Describe(frame)}\n wanted:\n{wantedText} got:\n{gotText}");
            }
            var (counters, counted) = (Counters(reference, "iptables-legacy-save"), Counters(subject, Shell.Weir("iptables-save")));
            if (counters != counted) differences.Add($"counters wanted:\n{counters} got:\n{counted}");
            if (differences.Count > 0) throw new XunitException($"{rules}\n{string.Join('\n', differences.Take(5))}\n{differences.Count} differences");
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
