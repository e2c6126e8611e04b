using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>
/// The same frames through a director with XDP and through one without: what comes out on either side, link addresses, padding and all, what rules and services have
/// counted, and the connections that are left.
/// </summary>
[Collection("network")]
public sealed class XdpFrameTests
{
    private const uint Client = 0x0a080001, Server = 0x0a090001, Virtual = 0x0a070001, Own = 0x0a070002;

    private const string Filter = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        + "-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n";

    private const string Nat = "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n";

    private const string Translated = "-A PREROUTING -d 10.7.0.1/32 -p tcp --dport 83 -j DNAT --to-destination 10.9.0.1:8083\n"
        + "-A PREROUTING -d 10.7.0.1/32 -p udp --dport 82 -j DNAT --to-destination 10.9.0.1:8082\nCOMMIT\n";

    /// <summary>How many XDP sends: all but what opens and closes, is odd in some way, or comes first in a second.</summary>
    private const int Most = 150;

    /// <summary>Where chains of PREROUTING are to count each packet.</summary>
    private const int None = 0;

    private static readonly byte[] s_clientMac = [2, 0, 0, 0, 1, 2], s_director1Mac = [2, 0, 0, 0, 1, 1], s_director2Mac = [2, 0, 0, 0, 2, 1], s_serverMac = [2, 0, 0, 0, 2, 2];

    [Theory]
    [InlineData(Most, Filter, Server, 8080, Client)]
    [InlineData(None, "*mangle\n-A FORWARD -p tcp\n-A POSTROUTING -o net2\nCOMMIT\n" + Filter, Server, 8080, Client)]
    [InlineData(Most, Nat + "-A PREROUTING -d 10.7.0.1/32 -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1:8080\n"
        + "-A PREROUTING -d 10.7.0.1/32 -p udp --dport 80 -j DNAT --to-destination 10.9.0.1:8080\nCOMMIT\n" + Filter, Virtual, 80, Client)]
    [InlineData(Most, Nat + "-A POSTROUTING -o net2 -j SNAT --to-source 10.7.0.2\nCOMMIT\n" + Filter, Server, 8080, Own)]
    [InlineData(Most, Nat + "-A PREROUTING -d 10.7.0.1/32 -p tcp --dport 80 -j DNAT --to-destination 10.9.0.1:8080\n"
        + "-A PREROUTING -d 10.7.0.1/32 -p udp --dport 80 -j DNAT --to-destination 10.9.0.1:8080\n-A POSTROUTING -o net2 -j SNAT --to-source 10.7.0.2\nCOMMIT\n", Virtual, 80, Own)]
    [InlineData(Most, "", Virtual, 80, Client, "-A -t 10.7.0.1:80 -s rr", "-a -t 10.7.0.1:80 -r 10.9.0.1:8080 -m", "-A -u 10.7.0.1:80 -s rr", "-a -u 10.7.0.1:80 -r 10.9.0.1:8080 -m")]
    public void Come_out_alike(int least, string rules, uint asked, int port, uint seen, params string[] services)
    {
        AreAlike(least, rules, services, () => Conversation(new Random(1), asked, (ushort)port, seen));
    }

    /// <summary>Connections of a service that begin, and what else comes first: the scheduler makes the same choices, whoever asks it.</summary>
    [Theory]
    [InlineData("rr")]
    [InlineData("wrr")]
    [InlineData("wlc")]
    [InlineData("sh")]
    [InlineData("rr -p 100")]
    public void First_packets_come_out_alike(string scheduler)
    {
        var services = new List<string> { "-A -u 10.7.0.1:82", "-a -u 10.7.0.1:82 -r 10.9.0.1:8082 -m" };
        foreach (var service in new[] { "-t 10.7.0.1:80", "-u 10.7.0.1:80" })
        {
            services.Add($"-A {service} -s {scheduler}");
            // The last has no route.
            foreach (var server in new[] { "10.9.0.1:8080 -m -w 3", "10.9.0.2 -m -w 1", "10.9.1.1:8080 -m -w 2" }) services.Add($"-a {service} -r {server}");
        }
        AreAlike(100, "", [.. services], () => Openings(new Random(2)));
    }

    /// <summary>Short connections, some of them refused, reset, repeated or out of order: each state is what it would be at TC.</summary>
    [Theory]
    [InlineData(900, "", "-A -u 10.7.0.1:82", "-a -u 10.7.0.1:82 -r 10.9.0.1:8082 -m", "-A -t 10.7.0.1:83", "-a -t 10.7.0.1:83 -r 10.9.0.1:8083 -m")]
    [InlineData(700, Nat + Translated)]
    [InlineData(600, Nat + Translated + Filter)]
    [InlineData(500, Nat + Translated + "*filter\n-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -p tcp -m connlimit --connlimit-above 12 -j REJECT\nCOMMIT\n")]
    public void Short_connections_come_out_alike(int least, string rules, params string[] services) => AreAlike(least, rules, services, () => ShortConnections(new Random(3)));

    private static void AreAlike(int least, string rules, string[] services, Func<IEnumerable<(bool FromClient, byte[] Frame)>> conversation)
    {
        var tc = Converse(rules, services, false, conversation());
        var xdp = Converse(rules, services, true, conversation());
        Assert.Equal(0, tc.Sent);
        Assert.InRange(xdp.Sent, least, least * 3);
        Assert.Equal(tc.AtServer.Select(WithoutChoice), xdp.AtServer.Select(WithoutChoice));
        Assert.Equal(tc.AtClient, xdp.AtClient);
        Assert.Equal(tc.Counted, xdp.Counted);
    }

    private static (long Sent, List<string> AtServer, List<string> AtClient, string Counted) Converse(
        string rules, string[] services, bool xdp, IEnumerable<(bool FromClient, byte[] Frame)> conversation)
    {
        using var client = new NetworkNamespace("xfc");
        using var director = new NetworkNamespace("xfd");
        using var server = new NetworkNamespace("xfs");
        Connect(1, client, director, s_clientMac, s_director1Mac);
        Connect(2, server, director, s_serverMac, s_director2Mac);
        director.Run("sysctl -qw net.ipv4.ip_forward=1");
        director.Run("ip route add 10.8.0.0/24 via 10.1.0.2");
        director.Run("ip route add 10.9.0.0/24 via 10.2.0.2");
        director.Run("ip route add unreachable 10.9.1.0/24");
        director.Run("ip neighbour add 10.1.0.2 lladdr 02:00:00:00:01:02 dev net1");
        director.Run("ip neighbour add 10.2.0.2 lladdr 02:00:00:00:02:02 dev net2");
        try
        {
            if (rules.Length > 0) director.Run($"{Shell.Weir("iptables-restore")} -w", rules);
            if (services.Length > 0) director.Run("ip address add 10.7.0.1/32 dev lo");
            foreach (var service in services) director.Run($"{Shell.Weir("ipvsadm")} {service}");
            if (xdp) XdpDevices.TurnOn(director, (1, client), (2, server));
            using var clientSocket = client.Inside(() => new PacketSocket("net1"));
            using var serverSocket = server.Inside(() => new PacketSocket("net2"));
            var (atServer, atClient) = (new List<string>(), new List<string>());
            foreach (var (fromClient, frame) in conversation)
            {
                (fromClient ? clientSocket : serverSocket).Send(frame);
                // One at a time, so that what is dropped and what comes out keep their order.
                for (var patience = 0; patience < 40; patience++)
                {
                    var came = Take(serverSocket, atServer) | Take(clientSocket, atClient);
                    if (came) break;
                    Thread.Sleep(1);
                }
            }
            var counted = director.Run($"{Shell.Weir("iptables-save")} -c") + director.Run($"{Shell.Weir("ipvsadm")} -Ln --stats --exact")
                + string.Join('\n', director.Run($"{Shell.Weir("ipvsadm")} -Lnc").Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where((_, i) => i != 1))).Order(StringComparer.Ordinal));
            counted = string.Join('\n', counted.Split('\n').Where(line => !line.StartsWith('#')));
            return (XdpDevices.Sent(director), atServer, atClient, counted);
        }
        finally
        {
            director.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    /// <summary>Where answers would be another flow's a source port is chosen at random, among those below 512 for one of them.</summary>
    private static string WithoutChoice(string frame) => Regex.Replace(frame, "(frag 0 (?:BAD-CHECKSUM )?)0[01]..(....).*", "$1$2");

    private static bool Take(PacketSocket socket, List<string> into)
    {
        var found = false;
        while (socket.TryReceive() is { } frame)
        {
            if (!Frame.IsIPv4(frame) || Frame.Protocol(frame) is not (6 or 17)) continue;
            // Zeros that fill up to 60 are as good as none.
            var length = 14 + BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(16));
            var isTrimmed = frame.Length == length || frame.Length <= 60;
            into.Add(Frame.Describe(frame) + (isTrimmed ? "" : $" and {frame.Length - length} bytes more"));
            found = true;
        }
        return found;
    }

    /// <summary>Datagrams and a connection, both ways, with all that is odd in between. The server sees <paramref name="seen"/> where the client asked <paramref name="asked"/>.</summary>
    private static IEnumerable<(bool FromClient, byte[] Frame)> Conversation(Random random, uint asked, ushort port, uint seen)
    {
        yield return (true, ToServer(17, Frame.Udp(5000, port, 10)));
        yield return (false, ToClient(17, Frame.Udp(8080, 5000, 10)));
        for (var i = 0; i < 60; i++)
        {
            // Of all lengths, parities and types of service; some longer than their frame's packet.
            yield return (true, Pad(ToServer(17, Filled(Frame.Udp(5000, port, random.Next(0, 1400)), 8), (byte)(random.Next(64) * 4), (byte)random.Next(2, 255)), i % 5 * 3));
            yield return (false, Pad(ToClient(17, Filled(Frame.Udp(8080, 5000, random.Next(0, 40)), 8)), i % 2 * 20));
        }
        // Without a checksum; with a wrong one; with no more of it than a device would complete; out of time; with a wrong header checksum; fragments.
        var plain = ToServer(17, Frame.Udp(5000, port, 33));
        yield return (true, Changed(plain, frame => frame.AsSpan(40, 2).Clear(), fix: false));
        yield return (true, Changed(plain, frame => frame[41] ^= 1, fix: false));
        yield return (true, Changed(plain, frame => frame[8 + 14] = 1, fix: true));
        yield return (true, Changed(plain, frame => frame[24] ^= 1, fix: false));
        yield return (true, Changed(plain, frame => BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(38), 500), fix: false));

        yield return (true, ToServer(6, Frame.Tcp(6000, port, 2, 999, 0)));
        yield return (false, ToClient(6, Frame.Tcp(8080, 6000, 18, 4999, 1000)));
        yield return (true, ToServer(6, Frame.Tcp(6000, port, 16, 1000, 5000)));
        var (ours, theirs) = (1000u, 5000u);
        for (var i = 0; i < 40; i++)
        {
            var length = random.Next(0, 1400);
            yield return (true, ToServer(6, Filled(Frame.Tcp(6000, port, (byte)(i % 3 == 0 ? 24 : 16), ours, theirs, length), 20), (byte)(i % 4 * 4)));
            ours += (uint)length;
            yield return (false, Pad(ToClient(6, Filled(Frame.Tcp(8080, 6000, 16, theirs, ours, i % 7), 20)), 6));
            theirs += (uint)(i % 7);
        }
        // Urgent data, an impossible set of flags, a header that is longer than the packet, a wrong checksum.
        yield return (true, ToServer(6, Frame.Tcp(6000, port, 48, ours, theirs)));
        yield return (true, ToServer(6, Frame.Tcp(6000, port, 3, ours, theirs)));
        yield return (true, Changed(ToServer(6, Frame.Tcp(6000, port, 16, ours, theirs)), frame => frame[46] = 0xf0, fix: true));
        yield return (true, Changed(ToServer(6, Frame.Tcp(6000, port, 16, ours, theirs, 100)), frame => frame[100] ^= 4, fix: false));
        // Its reset must have the next number, which only who followed the connection knows.
        yield return (false, ToClient(6, Frame.Tcp(8080, 6000, 17, theirs, ours)));
        yield return (true, ToServer(6, Frame.Tcp(6000, port, 16, ours, theirs + 1)));
        yield return (true, ToServer(6, Frame.Tcp(6000, port, 17, ours, theirs + 1)));
        yield return (false, ToClient(6, Frame.Tcp(8080, 6000, 16, theirs + 1, ours + 1)));

        yield return (true, ToServer(6, Frame.Tcp(6001, port, 2, 999, 0)));
        yield return (false, ToClient(6, Frame.Tcp(8080, 6001, 18, 4999, 1000)));
        for (var i = 0; i < 10; i++) yield return (true, ToServer(6, Frame.Tcp(6001, port, 16, 1000 + (uint)i * 10, 5000, 10)));
        yield return (false, ToClient(6, Frame.Tcp(8080, 6001, 16, 5000, 1100)));
        yield return (false, ToClient(6, Frame.Tcp(8080, 6001, 4, 5000, 0)));
        yield return (true, ToServer(6, Frame.Tcp(6001, port, 16, 1100, 5000, 10)));

        byte[] ToServer(byte protocol, byte[] segment, byte tos = 0, byte ttl = 64) => Frame.Build(s_director1Mac, s_clientMac, Client, asked, protocol, segment, ttl: ttl, tos: tos);

        byte[] ToClient(byte protocol, byte[] segment) => Frame.Build(s_director2Mac, s_serverMac, Server, seen, protocol, segment);
    }

    /// <summary>First packets, a few of them odd or not the service's, and some that servers begin.</summary>
    private static IEnumerable<(bool FromClient, byte[] Frame)> Openings(Random random)
    {
        byte[] flags = [2, 2, 2, 2, 2, 2, 0xc2, 0x22, 16, 18, 4, 6, 0];
        for (var i = 0; i < 250; i++)
        {
            // XDP knows for milliseconds only that nobody else has a say: after each pause the first one goes up.
            yield return (true, Frame.Build(s_director1Mac, s_clientMac, Client, Virtual, 17, Frame.Udp((ushort)(10000 + i), 82)));
            // Some ports come again.
            var client = (ushort)(random.Next(4) == 0 ? 300 + random.Next(30) : 20000 + random.Next(400));
            var isTcp = i % 2 == 0;
            var protocol = isTcp ? (byte)6 : (byte)17;
            if (client < 512 && random.Next(2) == 0)
            {
                yield return (false, Frame.Build(s_director2Mac, s_serverMac, Server, Client + (uint)random.Next(2), protocol,
                    isTcp ? Frame.Tcp(8080, client, 2, 7000, 0) : Frame.Udp(8080, client, 20)));
                continue;
            }
            var port = (ushort)(random.Next(12) == 0 ? 81 : 80);
            var segment = isTcp ? Frame.Tcp(client, port, flags[random.Next(flags.Length)], (uint)random.Next(), 0, random.Next(3)) : Frame.Udp(client, port, random.Next(1000));
            // One source is on the other side.
            var source = random.Next(15) == 0 ? 0x0a020005 : Client + (uint)random.Next(4);
            var frame = Frame.Build(s_director1Mac, s_clientMac, source, Virtual, protocol, segment, ttl: (byte)(random.Next(15) == 0 ? 1 : 64), tos: (byte)(random.Next(3) * 4));
            yield return (true, random.Next(15) == 0 ? Changed(frame, bytes => bytes[41] ^= 1, fix: false) : frame);
        }
    }

    private static IEnumerable<(bool FromClient, byte[] Frame)> ShortConnections(Random random)
    {
        for (var i = 0; i < 60; i++)
        {
            // Some ports come again, as connections that ended or that did not.
            var port = (ushort)(20000 + random.Next(45));
            byte[][] segments =
            [
                [0, Frame.Syn], [1, Frame.Syn | Frame.Ack], [0, Frame.Ack], [0, Frame.Psh | Frame.Ack], [1, Frame.Ack], [1, Frame.Psh | Frame.Ack],
                [0, Frame.Fin | Frame.Ack], [1, Frame.Ack], [1, Frame.Fin | Frame.Ack], [0, Frame.Ack],
            ];
            // How it goes: to the end; refused; given up; reset at some point; two of them the other way round; one of them twice.
            var way = random.Next(6);
            var at = random.Next(segments.Length - 1);
            if (way == 1) segments = [segments[0], [1, Frame.Rst | Frame.Ack]];
            else if (way == 2) segments = segments[..(at + 1)];
            else if (way == 3) segments = [.. segments[..at], [(byte)random.Next(2), (byte)(random.Next(2) == 0 ? Frame.Rst : Frame.Rst | Frame.Ack)], .. segments[at..]];
            else if (way == 4) (segments[at], segments[at + 1]) = (segments[at + 1], segments[at]);
            else if (way == 5) segments = [.. segments[..at], segments[at], .. segments[at..]];
            var numbers = new uint[] { (uint)random.Next(), (uint)random.Next() };
            foreach (var segment in segments)
            {
                // XDP knows for milliseconds only that nobody else has a say: after each pause the first one of a device goes up.
                yield return (true, Frame.Build(s_director1Mac, s_clientMac, Client, Virtual, 17, Frame.Udp(10000, 82)));
                yield return (false, Frame.Build(s_director2Mac, s_serverMac, Server, Client, 17, Frame.Udp(8082, 10000)));
                var (side, flags) = (segment[0], segment[1]);
                var payload = (flags & Frame.Psh) != 0 ? random.Next(1, 200) : 0;
                var acknowledgement = (flags & Frame.Ack) != 0 ? numbers[1 - side] : 0;
                yield return side == 0
                    ? (true, Frame.Build(s_director1Mac, s_clientMac, Client, Virtual, 6, Frame.Tcp(port, 83, flags, numbers[0], acknowledgement, payload)))
                    : (false, Frame.Build(s_director2Mac, s_serverMac, Server, Client, 6, Frame.Tcp(8083, port, flags, numbers[1], acknowledgement, payload)));
                numbers[side] += (uint)payload + ((flags & (Frame.Syn | Frame.Fin)) != 0 ? 1u : 0);
            }
        }
    }

    private static byte[] Filled(byte[] segment, int header)
    {
        for (var i = header; i < segment.Length; i++) segment[i] = (byte)(i * 7);
        return segment;
    }

    private static byte[] Pad(byte[] frame, int bytes) => [.. frame, .. new byte[bytes]];

    private static byte[] Changed(byte[] frame, Action<byte[]> change, bool fix)
    {
        frame = [.. frame];
        change(frame);
        if (fix) Frame.FixChecksums(frame);
        return frame;
    }

    private static void Connect(int number, NetworkNamespace host, NetworkNamespace director, byte[] hostMac, byte[] directorMac)
    {
        Shell.Run($"ip -n {host.Name} link add net{number} address {Text(hostMac)} type veth peer name net{number} address {Text(directorMac)} netns {director.Name}");
        Shell.Run($"ip -n {host.Name} address add 10.{number}.0.2/24 dev net{number}");
        Shell.Run($"ip -n {director.Name} address add 10.{number}.0.1/24 dev net{number}");
        foreach (var place in new[] { host, director })
        {
            place.Run($"sysctl -qw net.ipv6.conf.net{number}.disable_ipv6=1");
            Shell.Run($"ip -n {place.Name} link set net{number} up");
        }

        static string Text(byte[] mac) => string.Join(':', mac.Select(part => part.ToString("x2", null)));
    }
}
