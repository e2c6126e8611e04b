using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Weir.Kernel.Tests.Differential;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Answers;

/// <summary>The lines of LOG, beside those that the kernel's LOG writes of the same packets.</summary>
[Collection("network")]
public sealed partial class LogTests
{
    private const uint Client = 0x0a010002, RouterAddress = 0x0a010001, Server = 0x0a020002;

    [Fact]
    public void Lines_are_those_of_the_kernel()
    {
        string[] options = ["", "--log-tcp-sequence", "--log-tcp-options", "--log-ip-options", "--log-uid", "--log-macdecode", "--log-tcp-sequence --log-tcp-options --log-ip-options --log-uid"];
        foreach (var option in options)
        {
            var rules = new StringBuilder("*raw\n-A PREROUTING -j LOG --log-prefix \"pre: \" OPTIONS\nCOMMIT\n*mangle\n-A PREROUTING -s 10.1.0.3 -j MARK --set-mark 0x1f\n");
            foreach (var chain in new[] { "INPUT", "FORWARD", "OUTPUT", "POSTROUTING" }) rules.Append($"-A {chain} -j LOG --log-prefix \"{chain} \" --log-level 6 OPTIONS\n");
            rules.Append("COMMIT\n");
            Compare(rules.ToString().Replace("OPTIONS", option, StringComparison.Ordinal));
        }
    }

    private static void Compare(string rules)
    {
        using var reference = new Router("logl");
        using var subject = new Router("logw");
        try
        {
            var wanted = KernelLines(reference, rules);
            var got = WeirLines(subject, rules);
            var differences = wanted.Zip(got).Where(pair => pair.First != pair.Second).Take(4).Select(pair => $"wanted {pair.First}|\ngot    {pair.Second}|").ToList();
            if (differences.Count > 0 || wanted.Count != got.Count || wanted.Count < 100)
                throw new XunitException($"{rules}\n{wanted.Count} lines wanted, {got.Count} got\n{string.Join('\n', differences)}");
        }
        finally
        {
            subject.Namespace.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static List<string> KernelLines(Router router, string rules)
    {
        // The kernel logs for the first network namespace alone, unless it is told otherwise.
        const string allNamespaces = "/proc/sys/net/netfilter/nf_log_all_netns";
        var mark = $"weir{Environment.ProcessId}x{Stopwatch.GetTimestamp()}";
        var before = File.ReadAllText(allNamespaces);
        try
        {
            File.WriteAllText(allNamespaces, "1");
            router.Namespace.Run("iptables-legacy-restore -w 10", rules);
            File.WriteAllText("/dev/kmsg", mark + " begin\n");
            Send(router);
            File.WriteAllText("/dev/kmsg", mark + " end\n");
        }
        finally
        {
            File.WriteAllText(allNamespaces, before);
        }
        var log = Shell.Run("dmesg --notime").Split('\n');
        var first = Array.FindIndex(log, line => line.Contains(mark + " begin", StringComparison.Ordinal));
        var last = Array.FindIndex(log, line => line.Contains(mark + " end", StringComparison.Ordinal));
        Assert.True(first >= 0 && last > first, "the kernel's buffer holds the lines");
        return Lines(log[(first + 1)..last]);
    }

    private static List<string> WeirLines(Router router, string rules)
    {
        router.Namespace.Run(Shell.Weir("iptables-restore") + " -w 10", rules);
        var start = new ProcessStartInfo("ip", ["netns", "exec", router.Namespace.Name, Shell.Weir("weir"), "log"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = new StringBuilder();
        process.OutputDataReceived += (_, line) =>
        {
            lock (text) text.Append(line.Data).Append('\n');
        };
        process.BeginOutputReadLine();
        try
        {
            // Lines stay in the buffer until the reader has started.
            Send(router);
            for (int length = -1, quiet = 0; quiet < 10; Thread.Sleep(50))
            {
                lock (text)
                {
                    quiet = text.Length == length && length > 0 ? quiet + 1 : 0;
                    length = text.Length;
                }
            }
        }
        finally
        {
            process.Kill(true);
            process.WaitForExit();
        }
        lock (text) return Lines(text.ToString().Split('\n'));
    }

    /// <summary>The packet lines, without what chance makes of the router's own packets: their number, and a process's port.</summary>
    private static List<string> Lines(string[] lines)
    {
        var result = new List<string>();
        foreach (var line in lines.Where(line => line.Contains("IN=", StringComparison.Ordinal)))
        {
            var isOwn = line.Contains("SRC=10.1.0.1 ", StringComparison.Ordinal) || line.Contains("SRC=10.2.0.1 ", StringComparison.Ordinal);
            result.Add(isOwn ? OwnPort().Replace(Number().Replace(line, "ID=", 1), "SPT=") : line);
        }
        return result;
    }

    [GeneratedRegex(@"ID=\d+")]
    private static partial Regex Number();

    [GeneratedRegex(@"(?<=ID= (DF )?PROTO=UDP )SPT=\d+")]
    private static partial Regex OwnPort();

    private static void Send(Router router)
    {
        foreach (var destination in new[] { RouterAddress, Server })
        {
            foreach (var frame in Frames(destination)) router.Exchange(true, frame);
        }
        // What a process sends.
        router.Namespace.Inside(() =>
        {
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            udp.SendTo(new byte[20], new IPEndPoint(IPAddress.Parse("10.1.0.2"), 99));
            return true;
        });
        router.Namespace.Execute(["setpriv", "--reuid", "1234", "--regid", "4321", "--clear-groups", "bash", "-c", "echo x > /dev/udp/10.1.0.2/99"]);
    }

    private static IEnumerable<byte[]> Frames(uint destination)
    {
        byte[] Build(byte protocol, ReadOnlySpan<byte> segment, byte tos = 0, uint source = Client) =>
            Frame.Build(Router.LeftRouterMac, Router.LeftHostMac, source, destination, protocol, segment, 4711, tos: tos);
        var options = new byte[40];
        Frame.Tcp(40000, 80, Frame.Syn, 1000000000, 4000000000).CopyTo(options, 0);
        options[12] = 0xa0;
        for (byte i = 20; i < 40; i++) options[i] = (byte)(i == 20 ? 8 : 1);
        yield return Build(6, options);
        yield return Build(6, Frame.Tcp(40000, 80, 0xff, 1, 2, 10), 0xff, 0x0a010003);
        yield return Build(6, Frame.Tcp(40000, 80, 0, 1, 2, 1000), 0x1e);
        yield return Build(6, Frame.Tcp(40000, 80, Frame.Ack, 1, 2)[..19]);
        yield return Build(17, Frame.Udp(1, 2, 700), 0xe1, 0x0a010003);
        yield return Build(17, Frame.Udp(1, 2)[..7]);
        yield return Build(136, Frame.Udp(3, 4));
        for (byte type = 0; type < 20; type++) yield return Build(1, Frame.Icmp(type, 4, 0x01020304, [9, 9, 9, 9]));
        foreach (byte type in new byte[] { 3, 5, 11, 12 })
        {
            yield return Build(1, Frame.Icmp(type, 4, 0x0a010105, Frame.Packet(Build(17, Frame.Udp(1000, 2000)))));
            yield return Build(1, Frame.Icmp(type, 1, 0x0a010105, Frame.Packet(Build(6, Frame.Tcp(1000, 2000, Frame.Syn, 1, 2)))[..28]));
            yield return Build(1, Frame.Icmp(type, 1, 0x0a010105, Frame.Packet(Build(1, Frame.Icmp(8, 0, 7, [])))));
        }
        yield return Build(1, [8, 0, 0, 0, 0, 1]);
        yield return Build(50, [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        yield return Build(50, [0, 0, 1, 2, 3]);
        yield return Build(51, [6, 4, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        yield return Build(51, [6, 4, 0, 0, 0, 0, 1, 2]);
        yield return Build(47, [1, 2, 3, 4]);
        yield return Build(255, []);
        // Without fragments allowed, and with IP options.
        var fixedFrame = Build(17, Frame.Udp(5, 6));
        fixedFrame[20] = 0xc0;
        Frame.FixChecksums(fixedFrame);
        yield return fixedFrame;
        yield return WithOptions(Build(17, Frame.Udp(7, 8, 9)));
    }

    /// <summary>The frame with twelve bytes of IP options.</summary>
    private static byte[] WithOptions(byte[] frame)
    {
        byte[] options = [1, 1, 0x88, 4, 0x12, 0x34, 1, 1, 1, 1, 1, 0];
        byte[] longer = [.. frame[..34], .. options, .. frame[34..]];
        longer[14] = 0x48;
        longer[17] += 12;
        longer[24] = longer[25] = 0;
        uint sum = 0;
        for (var i = 14; i < 46; i += 2) sum += (uint)(longer[i] << 8 | longer[i + 1]);
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        (longer[24], longer[25]) = ((byte)(~sum >> 8), (byte)~sum);
        return longer;
    }
}
