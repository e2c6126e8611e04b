using System.Net;
using System.Net.Sockets;
using Weir.Kernel.Tests.Networks;
using Xunit.Sdk;

namespace Weir.Kernel.Tests.Answers;

/// <summary>Answers on a device without a link header, and between such a device and one with: beside the real iptables-legacy.</summary>
[Collection("network")]
public sealed class RawDeviceTests
{
    private const uint Client = 0x0a070002, Own = 0x0a070001, Server = 0x0a080002;
    private static readonly byte[] s_ownMac = [2, 0, 0, 0, 8, 1], s_serverMac = [2, 0, 0, 0, 8, 2];

    [Fact]
    public void Answers_are_those_of_iptables()
    {
        var wanted = Run("iptables-legacy-restore");
        var got = Run(Shell.Weir("iptables-restore"));
        if (wanted != got) throw new XunitException($"wanted:\n{wanted}\ngot:\n{got}");
        Assert.DoesNotContain("-CHECKSUM", got, StringComparison.Ordinal);
    }

    private static string Run(string restore)
    {
        using var beyond = new NetworkNamespace("rawf");
        using var host = new NetworkNamespace("raw");
        try
        {
            return host.Inside(() =>
            {
                using var tun = new TunDevice("tun0");
                host.Run("ip address add 10.7.0.1/24 dev tun0");
                host.Run("ip link set tun0 up");
                host.Run("ip link add eth0 address 02:00:00:00:08:01 type veth peer name far address 02:00:00:00:08:02 netns " + beyond.Name);
                host.Run("ip address add 10.8.0.1/24 dev eth0");
                // Checksums are compared: none is left to the far side.
                host.Run("ethtool -K eth0 tx off");
                host.Run("ip link set eth0 up");
                beyond.Run("sysctl -qw net.ipv6.conf.far.disable_ipv6=1");
                beyond.Run("ip link set far up");
                host.Run("ip neighbour add 10.8.0.2 lladdr 02:00:00:00:08:02 dev eth0");
                host.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv4.conf.all.rp_filter=0 net.ipv6.conf.all.disable_ipv6=1");
                host.Run($"{restore} -w 10", "*nat\n-A PREROUTING -d 10.7.0.1 -p tcp --dport 85 -j DNAT --to-destination 10.8.0.2:86\nCOMMIT\n" +
                    "*filter\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -j REJECT --reject-with tcp-reset\n-A INPUT -p udp -j REJECT\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\n" +
                    "-A FORWARD -p udp -j REJECT --reject-with icmp-net-unreachable\n-A OUTPUT -p tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset\n" +
                    "-A OUTPUT -p udp -j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n");
                using var far = beyond.Inside(() => new PacketSocket("far"));
                var lines = new List<string>();
                foreach (var (destination, port) in new[] { (Own, 80), (Server, 81), (Own, 85) })
                {
                    lines.AddRange(Exchange(tun, far, true, Client, destination, 6, Frame.Tcp(4000, (ushort)port, Frame.Syn, 1000, 0, 9)));
                    lines.AddRange(Exchange(tun, far, true, Client, destination, 17, Frame.Udp(4000, (ushort)port, 700)));
                }
                lines.AddRange(Exchange(tun, far, false, Server, Client, 6, Frame.Tcp(4000, 80, Frame.Syn, 1000, 0)));
                lines.AddRange(Exchange(tun, far, false, Server, Client, 17, Frame.Udp(4000, 80, 10)));
                lines.Add(Connect());
                return string.Join('\n', lines);
            });
        }
        finally
        {
            if (restore[0] == '/') host.Execute([Shell.Weir("weir"), "down"]);
        }
    }

    private static List<string> Exchange(TunDevice tun, PacketSocket far, bool fromTun, uint source, uint destination, byte protocol, byte[] segment)
    {
        var frame = Frame.Build(s_ownMac, s_serverMac, source, destination, protocol, segment);
        if (fromTun) tun.Send(frame.AsSpan(14));
        else far.Send(frame);
        var arrived = new List<string>();
        for (var wait = 0; wait < 100 && arrived.Count == 0; wait++)
        {
            while (tun.TryReceive() is { } packet)
            {
                // The kernel looks for IPv6 routers on a new device.
                if (packet[0] >> 4 == 4) arrived.Add($"tun {Frame.Describe([.. new byte[12], 8, 0, .. packet])}");
            }
            while (far.TryReceive() is { } other) arrived.Add($"eth {Frame.Describe(other)}");
            Thread.Sleep(2);
        }
        return arrived.Count > 0 ? arrived : ["nothing"];
    }

    private static string Connect()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var result = socket.BeginConnect(new IPEndPoint(IPAddress.Parse("10.7.0.2"), 90), null, null);
        if (!result.AsyncWaitHandle.WaitOne(3000)) return "no answer";
        return Assert.Throws<SocketException>(() => socket.EndConnect(result)).SocketErrorCode.ToString();
    }
}
