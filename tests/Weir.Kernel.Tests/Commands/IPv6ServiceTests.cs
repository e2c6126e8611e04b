using System.Net;
using System.Net.Sockets;
using System.Text;
using Weir.Control.Instances;
using Weir.Control.Services;
using Weir.Kernel.Tests.Networks;
using Weir.Model;
using Weir.Model.Proxying;
using AddressFamily = System.Net.Sockets.AddressFamily;

namespace Weir.Kernel.Tests.Commands;

/// <summary>Services over IPv6 with real clients: a client fd01::2, a director fd01::1 and fd02::1, servers fd02::2 to fd02::4; 10.2.0.1 and 10.2.0.2 for both families.</summary>
[Collection("network")]
public sealed class IPv6ServiceTests : IDisposable
{
    private const string Virtual = "[fd01::1]";

    private readonly NetworkNamespace _client = new("svc6-client");
    private readonly NetworkNamespace _director = new("svc6");
    private readonly NetworkNamespace _servers = new("svc6-servers");
    private readonly List<IDisposable> _open = [];

    public IPv6ServiceTests()
    {
        Link(_client, "fd01::2/64", "left", "fd01::1/64");
        Link(_servers, "fd02::2/64", "right", "fd02::1/64");
        foreach (var address in new[] { "fd02::3/64", "fd02::4/64" }) Shell.Run($"ip -n {_servers.Name} address add {address} dev eth0 nodad");
        Shell.Run($"ip -n {_servers.Name} address add 10.2.0.2/24 dev eth0");
        Shell.Run($"ip -n {_director.Name} address add 10.2.0.1/24 dev right");
        Shell.Run($"ip -n {_servers.Name} route add default via fd02::1");
        Shell.Run($"ip -n {_client.Name} route add default via fd01::1");
        _director.Run("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1");
        for (var i = 2; i <= 4; i++) _open.Add(new NamedServer(_servers, $"server{i}", $"fd02::{i}", 8000, true));
    }

    public void Dispose()
    {
        foreach (var item in _open) item.Dispose();
        _director.Execute([Shell.Weir("weir"), "down"]);
        foreach (var place in new[] { _client, _director, _servers }) place.Dispose();
    }

    [Fact]
    public void A_client_elsewhere_and_one_on_the_director_are_listed_alike()
    {
        Serve("-t", 80, "rr", 2, 3, 4);
        using var far = Connect(_client, "fd01::1", 80, out var first);
        using var near = Connect(_director, "fd01::1", 80, out var second);
        Assert.Equal(("server4", "server3"), (first, second));
        Assert.Equal("[fd01::1]:80", $"{near.RemoteEndPoint}");
        Assert.Equal(
            """
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
            TCP  [fd01::1]:80 rr
              -> [fd02::2]:8000               Masq    1      0          0         
              -> [fd02::3]:8000               Masq    1      1          0         
              -> [fd02::4]:8000               Masq    1      1          0         

            """, Ipvsadm("-Ln"));
        var connections = Ipvsadm("-Lnc").Replace($"{Port(far)}", "FAR", StringComparison.Ordinal).Replace($"{Port(near)}", "NEAR", StringComparison.Ordinal);
        Assert.Matches(@"TCP \d\d:\d\d  ESTABLISHED \[fd01::2\]:FAR +\[fd01::1\]:80 +\[fd02::4\]:8000", connections);
        Assert.Matches(@"TCP \d\d:\d\d  ESTABLISHED \[fd02::1\]:NEAR +\[fd01::1\]:80 +\[fd02::3\]:8000", connections);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" -p 60 -M 64")]
    public void Datagrams_of_any_length_are_answered_by_the_virtual_address(string persistence)
    {
        Serve("-u", 53, "rr" + persistence, 2, 3);
        foreach (var place in new[] { _client, _director })
        {
            using var client = place.Inside(() => new UdpClient(new IPEndPoint(IPAddress.IPv6Any, 0)));
            client.Client.ReceiveTimeout = 3000;
            // What is translated on its way from the loopback device to a server is not cut up any more.
            foreach (var length in place == _client || persistence.Length == 0 ? new[] { 4, 1400, 9000, 60000 } : [4, 1400])
            {
                client.Send(new byte[length], new IPEndPoint(IPAddress.Parse("fd01::1"), 53));
                IPEndPoint? from = null;
                Assert.Equal($"server {length}", Encoding.ASCII.GetString(client.Receive(ref from)).Remove(6, 1));
                Assert.Equal("[fd01::1]:53", $"{from}");
            }
        }
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("rr -p 60")]
    public void Clients_on_the_director_that_were_not_translated_at_the_socket_are_on_their_way(string scheduler)
    {
        Serve("-t", 80, scheduler, 2, 3, 4);
        using var near = Connect(_director, "fd01::1", 80, out var first);
        using var again = Connect(_director, "fd01::1", 80, out var second);
        Assert.StartsWith("server", first, StringComparison.Ordinal);
        Assert.Equal(first, second);
        Assert.Contains($"[fd01::1]:{Port(near)}", Ipvsadm("-Lnc"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_on_the_director_itself_serves_all()
    {
        _open.Add(new NamedServer(_director, "own", "fd02::1", 8000));
        Serve("-t", 80, "rr", 1);
        Serve("-t", 81, "sh", 1);
        foreach (var port in new[] { 80, 81 })
        {
            foreach (var place in new[] { _client, _director })
            {
                using var socket = Connect(place, "fd01::1", port, out var name);
                Assert.Equal("own", name);
            }
        }
    }

    [Fact]
    public void Who_finds_no_server_is_refused()
    {
        foreach (var (port, scheduler) in new[] { (80, "rr"), (81, "sh") })
        {
            Serve("-t", port, scheduler);
            Serve("-u", port, scheduler);
            foreach (var place in new[] { _client, _director })
            {
                foreach (var (type, protocol) in new[] { (SocketType.Stream, ProtocolType.Tcp), (SocketType.Dgram, ProtocolType.Udp) })
                    Assert.Equal(SocketError.ConnectionRefused, Refusal(place, type, protocol, port));
            }
        }
        // A server that has no such port says so itself.
        Serve("-u", 82, "rr");
        Ipvsadm($"-a -u {Virtual}:82 -r [fd02::2]:9 -m");
        Assert.Equal(SocketError.ConnectionRefused, Refusal(_client, SocketType.Dgram, ProtocolType.Udp, 82));
    }

    [Fact]
    public void A_narrow_link_is_told_to_who_sends()
    {
        foreach (var (place, device) in new[] { (_director, "right"), (_servers, "eth0") }) Shell.Run($"ip -n {place.Name} link set {device} mtu 1300");
        Serve("-u", 53, "rr", 2);
        using var client = _client.Inside(() => new UdpClient(AddressFamily.InterNetworkV6));
        client.Connect("fd01::1", 53);
        client.Client.ReceiveTimeout = 3000;
        client.Send(new byte[1400]);
        Assert.True(Wait.Until(() => _client.Run("ip -6 route get fd01::1").Contains("mtu 1300", StringComparison.Ordinal)), _client.Run("ip -6 route get fd01::1"));
        // It was about this socket's datagram; the next one is cut up.
        Assert.Equal(SocketError.MessageSize, Assert.Throws<SocketException>(() => client.Send(new byte[1400])).SocketErrorCode);
        client.Send(new byte[1400]);
        IPEndPoint? from = null;
        Assert.Equal("server2 1400", Encoding.ASCII.GetString(client.Receive(ref from)));
    }

    [Fact]
    public void Servers_by_direct_routing_get_packets_as_they_are()
    {
        Shell.Run($"ip -n {_servers.Name} address add fd09::9/128 dev lo nodad");
        _open.Add(new NamedServer(_servers, "direct", "fd09::9", 80, true));
        foreach (var kind in new[] { "-t", "-u" })
        {
            Ipvsadm($"-A {kind} [fd09::9]:80 -s rr");
            Ipvsadm($"-a {kind} [fd09::9]:80 -r [fd02::3]:80 -g");
        }
        using var socket = Connect(_client, "fd09::9", 80, out var name);
        Assert.Equal("direct", name);
        using var client = _client.Inside(() => new UdpClient(AddressFamily.InterNetworkV6));
        client.Connect("fd09::9", 80);
        client.Client.ReceiveTimeout = 3000;
        client.Send(new byte[5000]);
        IPEndPoint? from = null;
        Assert.Equal("direct 5000", Encoding.ASCII.GetString(client.Receive(ref from)));
        Assert.Matches(@"-> \[fd02::3\]:80 +Route   1      1          0", Ipvsadm("-Ln"));
    }

    [Fact]
    public void A_Service_proxy_s_services_masquerade_and_refuse()
    {
        ProxiedService Proxied(ServiceProtocol protocol) => new()
        {
            Service = new() { Key = ServiceKey.Of(protocol, Address.Parse("fd09::80"), 80), Scheduler = "rr", PersistenceMask = VirtualService.HostMaskIPv6 },
            Servers = [new RealServer { Key = new(Address.Parse("fd02::3"), 8000), Forwarding = ForwardingMethod.Masquerade }],
            Masquerade = SourceTranslation.All,
        };
        Shell.Run($"ip -n {_director.Name} route add fd09::/64 via fd01::2");
        Assert.Empty(_director.Inside(() => new ProxyStore(StateFolder.Current()).Apply(new() { Set = [Proxied(ServiceProtocol.Tcp), Proxied(ServiceProtocol.Udp)], IsWhole = true, Settings = new() { BoundAddresses = [Address.Parse("fd09::80")] } })));
        var server = (NamedServer)_open[1];
        // The server itself is one of its clients.
        foreach (var place in new[] { _client, _servers, _director })
        {
            using var socket = Connect(place, "fd09::80", 80, out var name);
            Assert.Equal(("server3", "fd02::1", "[fd09::80]:80"), (name, $"{server.LastClient!.Address}", $"{socket.RemoteEndPoint}"));
            using var client = place.Inside(() => new UdpClient(AddressFamily.InterNetworkV6));
            client.Client.ReceiveTimeout = 3000;
            client.Connect("fd09::80", 80);
            client.Send(new byte[1200]);
            IPEndPoint? from = null;
            Assert.Equal("server3 1200", Encoding.ASCII.GetString(client.Receive(ref from)));
        }
        Assert.Equal(SocketError.ConnectionRefused, Refusal(_client, SocketType.Stream, ProtocolType.Tcp, 81, "fd09::80"));
    }

    [Fact]
    public void An_IPv6_socket_reaches_IPv4_services_by_mapped_addresses()
    {
        Shell.Run($"ip -n {_director.Name} address add 10.9.9.9/32 dev lo");
        _open.Add(new NamedServer(_servers, "four", "10.2.0.2", 8000, true));
        foreach (var kind in new[] { "-t", "-u" })
        {
            Ipvsadm($"-A {kind} 10.9.9.9:80 -s rr");
            Ipvsadm($"-a {kind} 10.9.9.9:80 -r 10.2.0.2:8000 -m");
        }
        using var socket = Connect(_director, "::ffff:10.9.9.9", 80, out var name);
        Assert.Equal(("four", "[::ffff:10.9.9.9]:80"), (name, $"{socket.RemoteEndPoint}"));
        using var client = _director.Inside(() =>
        {
            var both = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true, ReceiveTimeout = 3000 };
            both.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
            return both;
        });
        var buffer = new byte[64];
        client.SendTo(new byte[4], new IPEndPoint(IPAddress.Parse("::ffff:10.9.9.9"), 80));
        EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
        Assert.Equal("four 4", Encoding.ASCII.GetString(buffer, 0, client.ReceiveFrom(buffer, ref from)));
        Assert.Equal("[::ffff:10.9.9.9]:80", $"{from}");
    }

    [Fact]
    public void The_loopback_device_forwards_no_longer_than_services_need_it()
    {
        using var place = new NetworkNamespace("svc6-host");
        Assert.Equal("0", place.Run("sysctl -n net.ipv6.conf.lo.forwarding").Trim());
        place.Run($"{Shell.Weir("ipvsadm")} -A -t [fd01::1]:80 -s rr");
        Assert.Equal("1", place.Run("sysctl -n net.ipv6.conf.lo.forwarding").Trim());
        place.Run($"{Shell.Weir("weir")} down");
        Assert.Equal("0", place.Run("sysctl -n net.ipv6.conf.lo.forwarding").Trim());
    }

    private static SocketError Refusal(NetworkNamespace place, SocketType type, ProtocolType protocol, int port, string address = "fd01::1")
    {
        using var socket = place.Inside(() => new Socket(AddressFamily.InterNetworkV6, type, protocol));
        socket.ReceiveTimeout = 3000;
        try
        {
            socket.Connect(new IPEndPoint(IPAddress.Parse(address), port));
            socket.Send([1]);
            socket.Receive(new byte[8]);
            return SocketError.Success;
        }
        catch (SocketException problem)
        {
            return problem.SocketErrorCode;
        }
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static Socket Connect(NetworkNamespace place, string address, int port, out string name)
    {
        var socket = place.Inside(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true, ReceiveTimeout = 5000 });
        socket.Connect(new IPEndPoint(IPAddress.Parse(address), port));
        var buffer = new byte[64];
        name = Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        return socket;
    }

    private void Serve(string kind, int port, string scheduler, params int[] servers)
    {
        Ipvsadm($"-A {kind} {Virtual}:{port} -s {scheduler}");
        foreach (var server in servers) Ipvsadm($"-a {kind} {Virtual}:{port} -r [fd02::{server}]:8000 -m");
    }

    private string Ipvsadm(string arguments) => _director.Run($"{Shell.Weir("ipvsadm")} {arguments}");

    private void Link(NetworkNamespace end, string address, string device, string own)
    {
        Shell.Run($"ip -n {end.Name} link add eth0 type veth peer name {device} netns {_director.Name}");
        Shell.Run($"ip -n {end.Name} address add {address} dev eth0 nodad");
        Shell.Run($"ip -n {_director.Name} address add {own} dev {device} nodad");
        Shell.Run($"ip -n {end.Name} link set eth0 up");
        Shell.Run($"ip -n {_director.Name} link set {device} up");
    }
}
