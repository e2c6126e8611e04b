using System.Net;
using System.Net.Sockets;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Answers;

/// <summary>What real sockets make of answers and errors, over links with all offloads on; every frame that comes to the client has right checksums.</summary>
[Collection("network")]
public sealed class ClientTests
{
    // Options of IP (level 0), include/uapi/linux/in.h.
    private const int PathMtuDiscover = 10, PathMtu = 14;

    [Theory]
    [InlineData("INPUT", Line.DirectorAddress, "tcp-reset", SocketError.ConnectionRefused)]
    [InlineData("INPUT", Line.DirectorAddress, "icmp-port-unreachable", SocketError.ConnectionRefused)]
    [InlineData("INPUT", Line.DirectorAddress, "icmp-net-unreachable", SocketError.NetworkUnreachable)]
    [InlineData("FORWARD", Line.ServerAddress, "tcp-reset", SocketError.ConnectionRefused)]
    [InlineData("FORWARD", Line.ServerAddress, "icmp-admin-prohibited", SocketError.HostUnreachable)]
    [InlineData("FORWARD", Line.ServerAddress, "icmp-proto-unreachable", SocketError.ProtocolOption)]
    public void A_connection_fails_at_once(string chain, string destination, string with, SocketError error)
    {
        using var line = new Line("cl");
        With(line, $"*filter\n-A {chain} -p tcp --dport 80 -j REJECT --reject-with {with}\nCOMMIT\n", () => Assert.Equal(error, Connect(destination, 80)));
    }

    [Fact]
    public void A_connection_that_a_rule_redirects_is_refused_by_whom_it_asked()
    {
        using var line = new Line("cl");
        With(line, $"*nat\n-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination {Line.ServerAddress}:8080\nCOMMIT\n" +
            "*filter\n-A FORWARD -p tcp --dport 8080 -j REJECT --reject-with tcp-reset\nCOMMIT\n",
            () => Assert.Equal(SocketError.ConnectionRefused, Connect(Line.DirectorAddress, 80)));
    }

    [Fact]
    public void A_transfer_ends_when_a_rule_resets_it()
    {
        using var line = new Line("cl");
        using var listener = line.Server.Inside(() => Blocking.Listen(new(IPAddress.Parse(Line.ServerAddress), 80)));
        With(line, "*filter\n-A FORWARD -p tcp --dport 80 -m mark --mark 0 -m statistic --mode nth --every 1000000 --packet 200 -j REJECT --reject-with tcp-reset\nCOMMIT\n", () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(new IPEndPoint(IPAddress.Parse(Line.ServerAddress), 80));
            using var accepted = listener.Accept();
            var reader = new Thread(() =>
            {
                var buffer = new byte[65536];
                try
                {
                    while (accepted.Receive(buffer) > 0) continue;
                }
                catch (SocketException)
                {
                    // Its side ends in its own way.
                }
            });
            reader.Start();
            var data = new byte[100000];
            // The sender may also see a time-out, at once: with iptables-legacy it does as well.
            var exception = Assert.Throws<SocketException>(() =>
            {
                for (var i = 0; i < 10000; i++) socket.Send(data);
            });
            Assert.Contains(exception.SocketErrorCode, (SocketError[])[SocketError.ConnectionReset, SocketError.Shutdown, SocketError.TimedOut]);
            accepted.Shutdown(SocketShutdown.Both);
            reader.Join();
        });
    }

    [Theory]
    [InlineData("-A PREROUTING -p udp --dport 80 -j DNAT --to-destination 10.3.0.2:8080", Line.DirectorAddress)]
    [InlineData("-A PREROUTING -p udp --dport 80 -j DNAT --to-destination 10.3.0.2:8080\n-A POSTROUTING -j MASQUERADE", Line.DirectorAddress)]
    [InlineData("-A PREROUTING -p udp --dport 80 -j REDIRECT --to-ports 8080", Line.ServerAddress)]
    [InlineData("-A POSTROUTING -j MASQUERADE", Line.ServerAddress)]
    public void A_datagram_to_a_closed_port_is_refused_through_translation(string nat, string destination)
    {
        using var line = new Line("cl");
        With(line, $"*nat\n{nat}\nCOMMIT\n", () => Assert.Equal(SocketError.ConnectionRefused, Send(destination, 80)));
    }

    [Fact]
    public void A_datagram_to_a_virtual_service_is_refused_when_its_server_refuses()
    {
        using var line = new Line("cl");
        With(line, "", () => Assert.Equal(SocketError.ConnectionRefused, Send(Line.DirectorAddress, 80)),
            $"-A -u {Line.DirectorAddress}:80 -s rr", $"-a -u {Line.DirectorAddress}:80 -r {Line.ServerAddress}:8080 -m");
    }

    [Fact]
    public void A_virtual_service_without_servers_refuses()
    {
        using var line = new Line("cl");
        With(line, "", () => Assert.Equal((SocketError.ConnectionRefused, SocketError.ConnectionRefused), (Send(Line.DirectorAddress, 80), Connect(Line.DirectorAddress, 80))),
            $"-A -u {Line.DirectorAddress}:80 -s rr", $"-A -t {Line.DirectorAddress}:80 -s rr");
    }

    [Theory]
    [InlineData("*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", Line.ServerAddress, 80)]
    [InlineData("*nat\n-A PREROUTING -d 10.1.0.1 -j DNAT --to-destination 10.3.0.2\nCOMMIT\n", Line.DirectorAddress, 80)]
    [InlineData("*nat\n-A PREROUTING -d 10.1.0.1 -p udp -j DNAT --to-destination 10.3.0.2:99\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", Line.DirectorAddress, 80)]
    public void The_mtu_of_the_path_is_learnt_through_translation(string rules, string destination, int port)
    {
        using var line = new Line("cl");
        With(line, rules, () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SetRawSocketOption(0, PathMtuDiscover, BitConverter.GetBytes(2));
            socket.Connect(new IPEndPoint(IPAddress.Parse(destination), port));
            socket.Send(new byte[1400]);
            for (var wait = 0; wait < 500 && Mtu(socket) != 1300; wait++) Thread.Sleep(2);
            Assert.Equal(1300, Mtu(socket));
        });
    }

    [Fact]
    public void A_large_transfer_passes_a_narrow_link_behind_translation()
    {
        using var line = new Line("cl");
        using var listener = line.Server.Inside(() => Blocking.Listen(new(IPAddress.Parse(Line.ServerAddress), 80)));
        With(line, "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(new IPEndPoint(IPAddress.Parse(Line.ServerAddress), 80));
            using var accepted = listener.Accept();
            accepted.ReceiveTimeout = 5000;
            socket.Send(new byte[200_000]);
            var received = 0;
            var buffer = new byte[65536];
            while (received < 200_000) received += accepted.Receive(buffer);
            Assert.Equal(200_000, received);
        });
    }

    private static int Mtu(Socket socket)
    {
        var value = new byte[4];
        socket.GetRawSocketOption(0, PathMtu, value);
        return BitConverter.ToInt32(value);
    }

    private static SocketError Connect(string destination, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var result = socket.BeginConnect(new IPEndPoint(IPAddress.Parse(destination), port), null, null);
        if (!result.AsyncWaitHandle.WaitOne(3000)) return SocketError.TimedOut;
        try
        {
            socket.EndConnect(result);
            return SocketError.Success;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode;
        }
    }

    private static SocketError Send(string destination, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPEndPoint(IPAddress.Parse(destination), port));
        socket.Send(new byte[100]);
        for (var wait = 0; wait < 500; wait++)
        {
            if ((SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! is not SocketError.Success and var error) return error;
            Thread.Sleep(2);
        }
        return SocketError.Success;
    }

    /// <summary>Runs code at the client under rules and services of the director; then looks at what came to the client.</summary>
    private static void With(Line line, string rules, Action action, params string[] services)
    {
        try
        {
            if (rules.Length > 0) line.Director.Run(Shell.Weir("iptables-restore") + " -w 10", rules);
            foreach (var service in services) line.Director.Run($"{Shell.Weir("ipvsadm")} {service}");
            line.Client.Inside(() =>
            {
                using var capture = new PacketSocket("net1");
                action();
                while (capture.TryReceive() is { } frame)
                {
                    // What the kernel itself leaves to devices is not of interest.
                    if (Frame.IsIPv4(frame) && (Frame.Protocol(frame) == 1 || frame[47] == Frame.Rst || frame[47] == (Frame.Rst | Frame.Ack)))
                        Assert.DoesNotContain("-CHECKSUM", Frame.Describe(frame), StringComparison.Ordinal);
                }
                return true;
            });
        }
        finally
        {
            line.Director.Execute([Shell.Weir("weir"), "down"]);
        }
    }
}
