using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Answers;

/// <summary>What processes of this host see of REJECT in OUTPUT (and in INPUT of the loopback device), and what travels on the loopback device, beside the real iptables-legacy.</summary>
[Collection("network")]
public sealed class LocalRejectTests
{
    private static readonly string[] s_kinds =
    [
        "icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable", "icmp-port-unreachable", "icmp-net-prohibited", "icmp-host-prohibited",
        "icmp-admin-prohibited", "tcp-reset",
    ];

    [Theory]
    [InlineData("OUTPUT", "10.2.0.2", 0)]
    [InlineData("OUTPUT", "10.2.0.2", 1)]
    [InlineData("OUTPUT", "10.2.0.1", 0)]
    [InlineData("OUTPUT", "127.0.0.1", 1)]
    [InlineData("INPUT", "127.0.0.1", 0)]
    [InlineData("INPUT", "10.1.0.1", 1)]
    public void A_process_gets_the_error_that_iptables_gives_it(string chain, string destination, int reversePathFilter)
    {
        var rules = new StringBuilder("*filter\n");
        for (var i = 0; i < s_kinds.Length; i++) rules.Append(CultureInfo.InvariantCulture, $"-A {chain} -p tcp --dport {1000 + i} -j REJECT --reject-with {s_kinds[i]}\n");
        for (var i = 0; i < s_kinds.Length - 1; i++) rules.Append(CultureInfo.InvariantCulture, $"-A {chain} -p udp --dport {1000 + i} -j REJECT --reject-with {s_kinds[i]}\n");
        Compare(rules + "COMMIT\n", reversePathFilter, () =>
        {
            var seen = new List<string>();
            for (var port = 1000; port < 1000 + s_kinds.Length; port++) seen.Add($"tcp {s_kinds[port - 1000]}: {Connect(destination, port)}");
            for (var port = 1000; port < 1000 + s_kinds.Length - 1; port++)
            {
                // A datagram that does not fit through the device comes to a program on it in pieces.
                foreach (var length in new[] { 0, 100, destination == "10.2.0.2" ? 1200 : 3000 }) seen.Add($"udp {s_kinds[port - 1000]} {length}: {Send(destination, port, length)}");
            }
            return seen;
        });
    }

    [Theory]
    [InlineData("-A OUTPUT -p tcp -j DNAT --to-destination 10.2.0.3:90\n-A OUTPUT -p udp -j DNAT --to-destination 10.2.0.3", "10.1.0.2")]
    [InlineData("-A OUTPUT -d 10.2.0.2 -p tcp -j DNAT --to-destination 127.0.0.1:90\n-A OUTPUT -p udp -j REDIRECT --to-ports 90", "10.2.0.2")]
    public void A_process_is_answered_by_whom_it_asked(string nat, string destination)
    {
        var rules = $"*nat\n{nat}\nCOMMIT\n*filter\n-A OUTPUT -p tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset\n-A OUTPUT -p udp -j REJECT\nCOMMIT\n";
        Compare(rules, 0, () => [$"tcp {Connect(destination, 80)}", $"udp {Send(destination, 80, 30)}"]);
    }

    [Theory]
    [InlineData("OUTPUT")]
    [InlineData("INPUT")]
    public void An_established_connection_is_reset(string chain)
    {
        Compare($"*filter\n-A {chain} -p tcp --dport 90 --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset\nCOMMIT\n", 0, () =>
        {
            using var listener = Blocking.Listen(new(IPAddress.Parse("10.1.0.1"), 90));
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(new IPEndPoint(IPAddress.Parse("10.1.0.1"), 90));
            using var accepted = listener.Accept();
            client.Send(new byte[30000]);
            client.ReceiveTimeout = 3000;
            try
            {
                client.Receive(new byte[1]);
                return ["received"];
            }
            catch (SocketException exception)
            {
                return [exception.SocketErrorCode.ToString()];
            }
        }, withFrames: false);
    }

    private static string Connect(string destination, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // What is not refused at once would be tried again for minutes.
        var result = socket.BeginConnect(new IPEndPoint(IPAddress.Parse(destination), port), null, null);
        if (!result.AsyncWaitHandle.WaitOne(3000)) return "no answer";
        try
        {
            socket.EndConnect(result);
            return "connected";
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode.ToString();
        }
    }

    private static string Send(string destination, int port, int length)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPEndPoint(IPAddress.Parse(destination), port));
        try
        {
            socket.Send(new byte[length]);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AccessDenied)
        {
            // Netfilter tells the sender of a datagram also that it was not sent; a program on a device cannot.
        }
        for (var wait = 0; wait < 20; wait++)
        {
            var error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            if (error != 0) return ((SocketError)error).ToString();
            Thread.Sleep(2);
        }
        return "none";
    }

    /// <summary>Runs the same in both, compares what it says, and the answers that came in by the loopback device.</summary>
    private static void Compare(string rules, int reversePathFilter, Func<List<string>> run, bool withFrames = true)
    {
        using var reference = new Router("lrl");
        using var subject = new Router("lrw");
        try
        {
            reference.Namespace.Run("iptables-legacy-restore -w 10", rules);
            subject.Namespace.Run(Shell.Weir("iptables-restore") + " -w 10", rules);
            var wanted = Run(reference, reversePathFilter, run, withFrames);
            var got = Run(subject, reversePathFilter, run, withFrames);
            var differences = wanted.Zip(got).Where(pair => pair.First != pair.Second).Take(3).Select(pair => $"wanted {pair.First}\ngot    {pair.Second}").ToList();
            if (differences.Count > 0 || wanted.Count != got.Count)
                throw new XunitException($"{rules}\n{wanted.Count} lines wanted, {got.Count} got\n{string.Join('\n', differences)}");
            Assert.DoesNotContain(got, line => line.Contains("-CHECKSUM", StringComparison.Ordinal));
        }
        finally
        {
            subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static List<string> Run(Router router, int reversePathFilter, Func<List<string>> run, bool withFrames)
    {
        router.Namespace.Run($"sysctl -qw net.ipv4.conf.all.rp_filter={reversePathFilter} net.ipv4.conf.lo.rp_filter={reversePathFilter}");
        return router.Namespace.Inside(() =>
        {
            using var loopback = new PacketSocket("lo");
            var lines = run();
            if (!withFrames) return lines;
            while (loopback.TryReceive() is { } frame)
            {
                if (Answer(frame) is { } text) lines.Add(text);
            }
            return lines;
        });
    }

    /// <summary>A reset or error without what chance makes: numbers, own ports, checksums of what the kernel leaves to devices.</summary>
    private static string? Answer(byte[] frame)
    {
        if (!Frame.IsIPv4(frame)) return null;
        var copy = frame.ToArray();
        var segment = copy.AsSpan(34);
        if (Frame.Protocol(frame) == 6 && (segment[13] & Frame.Rst) != 0)
        {
            segment[2..4].Clear();
            segment[4..12].Clear();
        }
        else if (Frame.Protocol(frame) == 1)
        {
            // Of the packet inside: its number, its source port, a segment's numbers, what is behind.
            var inside = segment[8..];
            inside[20..22].Clear();
            if (inside[9] == 6) inside[24..].Clear();
            else inside[26..28].Clear();
        }
        else
        {
            return null;
        }
        Frame.FixChecksums(copy);
        return Frame.Describe(copy);
    }
}
