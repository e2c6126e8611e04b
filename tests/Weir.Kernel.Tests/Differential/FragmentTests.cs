using System.Buffers.Binary;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Differential;

/// <summary>
/// Fragments. The kernel puts datagrams together before it looks at them where it tracks connections, Weir judges fragment by fragment: what arrives, put
/// together, must be the same for all that honest senders send, and of hostile ones' nothing but what the rules allow.
/// </summary>
[Collection("network")]
public sealed class FragmentTests
{
    private const string Filter =
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -p tcp -m tcp --dport 80 --tcp-flags SYN,RST,ACK,FIN SYN -j ACCEPT\n"
        + "-A FORWARD -p udp -m udp --dport 53 -j ACCEPT\n-A FORWARD -p icmp -m icmp --icmp-type 8 -j ACCEPT\n";

    private const string Tracked = "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n";

    private const string Translated =
        "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.2.0.3/32 -p udp -j DNAT --to-destination 10.2.0.2:53\n"
        + "-A POSTROUTING -o right -j SNAT --to-source 10.2.0.7\nCOMMIT\n";

    [Theory]
    [InlineData(Filter + Tracked, 1)]
    [InlineData(Translated + Filter + Tracked, 2)]
    [InlineData(Filter + Tracked, 3)]
    [InlineData(Translated + Filter + Tracked, 4)]
    public void Datagrams_arrive_as_behind_iptables(string rules, int seed)
    {
        var random = new Random(seed);
        using var reference = new Router($"f{seed}l");
        using var subject = new Router($"f{seed}w");
        try
        {
            reference.Namespace.Run("iptables-legacy-restore -w", rules);
            subject.Namespace.Run($"{Shell.Weir("iptables-restore")} -w", rules);
            var whole = 0;
            for (ushort id = 1; id <= 300; id++)
            {
                var datagram = Datagram(random, id);
                var isHonest = random.Next(2) == 0;
                var fragments = isHonest ? Fragments.Of(datagram, random, isInOrder: true) : Fragments.Hostile(datagram, Datagram(random, id), random);
                var wanted = Fragments.PutTogether(Send(reference, fragments)).Select(Text).ToList();
                var got = Fragments.PutTogether(Send(subject, fragments));
                whole += wanted.Count;
                if (!(isHonest ? wanted.SequenceEqual(got.Select(Text)) : got.All(IsAllowed)))
                    throw new XunitException($"datagram {id}, {(isHonest ? "honest" : "hostile")}, sent:\n{Lines(fragments.Select(fragment => Frame.Describe(fragment)))} wanted:\n{Lines(wanted)} got:\n{Lines(got.Select(Text))}");
            }
            Assert.True(whole > 60, $"only {whole} datagrams went through the reference: the test would say nothing");
        }
        finally
        {
            subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    /// <summary>Without the source port, which translation may draw at random.</summary>
    private static string Text(byte[] whole) => Frame.Describe(Frame.WithoutSourcePort(whole));

    /// <summary>What <see cref="Filter"/> lets through.</summary>
    private static bool IsAllowed(byte[] whole) => Frame.Protocol(whole) switch
    {
        1 => Frame.Segment(whole)[0] == 8,
        6 => BinaryPrimitives.ReadUInt16BigEndian(Frame.Segment(whole)[2..]) == 80 && (Frame.Segment(whole)[13] & 0x17) == Frame.Syn,
        17 => BinaryPrimitives.ReadUInt16BigEndian(Frame.Segment(whole)[2..]) == 53,
        _ => false,
    };

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => $"  {line}\n"));

    private static List<byte[]> Send(Router router, List<byte[]> fragments)
    {
        var arrived = new List<byte[]>();
        foreach (var fragment in fragments) arrived.AddRange(router.Exchange(true, fragment).Where(frame => !frame.Left).Select(frame => frame.Frame));
        return arrived;
    }

    private static byte[] Datagram(Random random, ushort id)
    {
        var ports = new ushort[] { 80, 53, 22 };
        var port = ports[random.Next(3)];
        var length = random.Next(40, 300);
        var (protocol, segment) = random.Next(4) switch
        {
            0 => ((byte)6, Frame.Tcp(2000, port, Frame.Syn, (uint)random.Next(), 0, length)),
            1 => ((byte)1, Frame.Icmp(random.Next(3) == 0 ? (byte)13 : (byte)8, 0, (uint)random.Next(), new byte[length])),
            _ => ((byte)17, Frame.Udp((ushort)random.Next(2000, 2003), port, length)),
        };
        // Contents that can be told apart, behind what the headers hold.
        for (var i = 28; i < segment.Length; i++) segment[i] = (byte)random.Next(256);
        return Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, 0x0a010002, random.Next(2) == 0 ? 0x0a020002u : 0x0a020003u, protocol, segment, id);
    }
}
