using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Differential;

/// <summary>Damaged and hostile packets: the data path goes on, and what iptables keeps out stays out.</summary>
[Collection("network")]
public sealed class HostileTests
{
    private const string Rules =
        "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT\n"
        + "-A FORWARD -p udp -m udp --sport 1000:1003 -j ACCEPT\n-A FORWARD -p icmp -m icmp --icmp-type 8 -j ACCEPT\nCOMMIT\n";

    private const string TrackedRules =
        "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.2.0.3/32 -p tcp -j DNAT --to-destination 10.2.0.2:80\nCOMMIT\n"
        + "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT\n"
        + "-A FORWARD -p udp -m udp --sport 1000:1003 -j ACCEPT\n-A FORWARD -p icmp -m icmp --icmp-type 8 -j ACCEPT\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n";

    [Theory]
    [InlineData(Rules, 1, false)]
    [InlineData(TrackedRules, 2, true)]
    public void Nothing_passes_that_iptables_keeps_out(string rules, int seed, bool tracked)
    {
        var random = new Random(seed);
        using var reference = new Router($"h{seed}l");
        using var subject = new Router($"h{seed}w");
        try
        {
            reference.Namespace.Run("iptables-legacy-restore -w", rules);
            subject.Namespace.Run($"{Shell.Weir("iptables-restore")} -w", rules);
            var conversation = new Conversation(random);
            var through = 0;
            var trace = new List<string>();
            for (var step = 0; step < 3000; step++)
            {
                var (left, frame) = conversation.Next();
                Damage(random, frame, fragments: !tracked);
                if (random.Next(4) == 0) frame = frame[..random.Next(14, frame.Length + 1)];
                var wanted = reference.Exchange(left, frame);
                var got = subject.Exchange(left, frame);
                through += wanted.Count;
                trace.Add($"{step} {(left ? "left" : "right")} {Frame.Describe(frame)} wanted {wanted.Count} got {got.Count}");
                foreach (var (side, arrived) in got)
                {
                    if (!wanted.Any(w => w.Left == side && IsSame(w.Frame, arrived)))
                        throw new XunitException($"step {step}: sent {Convert.ToHexString(frame)}, passed {Convert.ToHexString(arrived)}, iptables passed {string.Join(' ', wanted.Select(w => Convert.ToHexString(w.Frame)))}" +
                            $"; between these hosts:\n{string.Join('\n', Between(trace, frame))}");
                }
            }
            Assert.True(through > 100, $"only {through} packets went through the reference: the test would say nothing");
            // It is still there and still right.
            var good = Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, 0x0a010002, 0x0a020002, 6, Frame.Tcp(60000, 80, Frame.Syn, 1, 0));
            Assert.Single(subject.Exchange(true, good, 1));
        }
        finally
        {
            subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static IEnumerable<string> Between(List<string> trace, byte[] frame)
    {
        if (!Frame.IsIPv4(frame)) return [];
        var (one, other) = (Frame.Address(Frame.Source(frame)), Frame.Address(Frame.Destination(frame)));
        return trace.Where(line => line.Contains($"{one} > {other}", StringComparison.Ordinal) || line.Contains($"{other} > {one}", StringComparison.Ordinal)).TakeLast(40);
    }

    /// <summary>Where a source port is taken, another is drawn at random.</summary>
    private static bool IsSame(byte[] wanted, byte[] got) =>
        wanted.AsSpan().SequenceEqual(got) || Frame.WithoutSourcePort(wanted).AsSpan().SequenceEqual(Frame.WithoutSourcePort(got));

    /// <summary>Changes a few bytes behind the addresses of the link layer; mends the IP checksum half of the time, so that damage gets further in.</summary>
    private static void Damage(Random random, byte[] frame, bool fragments)
    {
        for (var i = random.Next(4); i > 0; i--)
        {
            var at = random.Next(14, frame.Length);
            // Addresses stay, or nothing would be routed; fragments only where neither side reassembles.
            if (at is >= 26 and < 34 || (!fragments && at is 20 or 21)) continue;
            frame[at] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(frame[at] ^ (1 << random.Next(8)));
        }
        if (frame.Length >= 34 && random.Next(2) == 0)
        {
            frame[24] = frame[25] = 0;
            uint sum = 0;
            var header = Math.Min((frame[14] & 15) * 4, frame.Length - 14);
            for (var i = 0; i + 1 < header; i += 2) sum += (uint)(frame[14 + i] << 8 | frame[15 + i]);
            while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
            frame[24] = (byte)~(sum >> 8);
            frame[25] = (byte)~sum;
        }
    }
}
