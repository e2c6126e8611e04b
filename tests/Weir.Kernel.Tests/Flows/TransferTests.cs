using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Flows;

/// <summary>
/// Long transfers with all offloads on: segments travel together, in packets longer than an IP header can say (on the loopback device always), with their data
/// outside the packet's linear part. Every byte arrives, nothing is dropped, and counters count what is sent.
/// </summary>
[Collection("network")]
public sealed class TransferTests
{
    private const int Bytes = 48 << 20;

    private const string Count = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
        + "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A FORWARD -p tcp --syn -j ACCEPT\nCOMMIT\n";

    [Theory]
    [InlineData(Count, Line.ServerAddress, 80)]
    [InlineData("*nat\n-A PREROUTING -p tcp --dport 81 -j DNAT --to-destination 10.3.0.2:80\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n" + Count, Line.DirectorAddress, 81)]
    [InlineData(Count, Line.DirectorAddress, 82, "-A -t 10.1.0.1:82 -s rr", "-a -t 10.1.0.1:82 -r 10.3.0.2:80 -m")]
    public void Through_the_director(string rules, string address, int port, params string[] services)
    {
        using var line = new Line("tr");
        try
        {
            line.Director.Run($"{Shell.Weir("iptables-restore")} -w", rules);
            foreach (var service in services) line.Director.Run($"{Shell.Weir("ipvsadm")} {service}");
            Transfer(line.Client, line.Server, address, port);
            AssertNothingDropped(line.Director);
            if (services.Length == 0)
            {
                var counted = long.Parse(line.Director.Run($"{Shell.Weir("iptables")} -nvxL FORWARD 1").Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null);
                Assert.InRange(counted, Bytes, Bytes + Bytes / 4);
            }
        }
        finally
        {
            line.Director.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    /// <summary>With XDP at the director's devices: from a sender that segments and sums up by itself the data goes through it, of one that leaves both to the device nothing is lost.</summary>
    [Theory]
    [InlineData("off", 30_000)]
    [InlineData("on", 0)]
    public void Through_XDP(string offload, int least)
    {
        using var line = new Line("tx");
        try
        {
            line.Director.Run($"{Shell.Weir("iptables-restore")} -w", Count + "*nat\n-A PREROUTING -p tcp --dport 81 -j DNAT --to-destination 10.3.0.2:80\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n");
            XdpDevices.TurnOn(line.Director, (1, line.Client), (2, line.Middle));
            foreach (var (number, host) in new[] { (1, line.Client), (2, line.Middle) }) host.Run($"ethtool -K net{number} tx {offload} tso {offload} gso {offload}");
            Transfer(line.Client, line.Server, Line.DirectorAddress, 81);
            AssertNothingDropped(line.Director);
            Assert.InRange(XdpDevices.Sent(line.Director), least, 200_000);
        }
        finally
        {
            line.Director.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    [Theory]
    [InlineData("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 80\nCOMMIT\n", 80)]
    [InlineData("*nat\n-A OUTPUT -p tcp --dport 81 -j REDIRECT --to-ports 80\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 80\nCOMMIT\n", 81)]
    [InlineData("", 82, "-A -t 127.0.0.1:82 -s rr", "-a -t 127.0.0.1:82 -r 127.0.0.1:80 -m")]
    [InlineData("", 82, "-A -t 127.0.0.1:82 -s sh", "-a -t 127.0.0.1:82 -r 127.0.0.1:80 -m")]
    public void On_the_loopback_device(string rules, int port, params string[] services)
    {
        using var host = new NetworkNamespace("trl");
        try
        {
            if (rules.Length > 0) host.Run($"{Shell.Weir("iptables-restore")} -w", rules);
            foreach (var service in services) host.Run($"{Shell.Weir("ipvsadm")} {service}");
            Transfer(host, host, "127.0.0.1", port);
            AssertNothingDropped(host);
            if (rules.Length > 0)
            {
                var counted = long.Parse(host.Run($"{Shell.Weir("iptables")} -nvxL INPUT 1").Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], null);
                Assert.InRange(counted, Bytes, Bytes + Bytes / 4);
            }
        }
        finally
        {
            host.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    /// <summary>Sends from one place to port 80 of another by way of an address; what arrives must be what was sent.</summary>
    private static void Transfer(NetworkNamespace from, NetworkNamespace to, string address, int port)
    {
        var data = new byte[Bytes];
        new Random(1).NextBytes(data);
        using var listener = to.Inside(() => Blocking.Listen(new(IPAddress.Any, 80)));
        using var sender = from.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        sender.Connect(new IPEndPoint(IPAddress.Parse(address), port));
        using var receiver = listener.Accept();
        // A transfer that stalls fails instead of waiting.
        sender.SendTimeout = receiver.ReceiveTimeout = 10_000;
        var sending = Task.Run(() =>
        {
            for (var sent = 0; sent < data.Length;) sent += sender.Send(data.AsSpan(sent));
            sender.Shutdown(SocketShutdown.Send);
        });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        for (int got; (got = receiver.Receive(buffer)) > 0;) hash.AppendData(buffer.AsSpan(0, got));
        sending.Wait();
        Assert.Equal(SHA256.HashData(data), hash.GetHashAndReset());
    }

    private static void AssertNothingDropped(NetworkNamespace host)
    {
        var status = host.Run($"{Shell.Weir("weir")} status");
        foreach (var line in status.Split('\n').Where(line => line.Contains("drops:", StringComparison.Ordinal) || line.Contains("invalid", StringComparison.Ordinal)))
            Assert.EndsWith(" 0", line.TrimEnd(), StringComparison.Ordinal);
    }
}
