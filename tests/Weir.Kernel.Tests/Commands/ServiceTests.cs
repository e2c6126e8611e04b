using System.Net;
using System.Net.Sockets;
using System.Text;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Commands;

/// <summary>ipvsadm with connections of real clients: a client 10.1.0.2, a director 10.1.0.1 and 10.2.0.1, servers 10.2.0.2 to 10.2.0.4.</summary>
[Collection("network")]
public sealed class ServiceTests : IDisposable
{
    private readonly NetworkNamespace _client = new("svc-client");
    private readonly NetworkNamespace _director = new("svc");
    private readonly NetworkNamespace _servers = new("svc-servers");
    private readonly List<IDisposable> _open = [];

    public ServiceTests()
    {
        Link(_client, "10.1.0.2/24", "left", "10.1.0.1/24");
        Link(_servers, "10.2.0.2/24", "right", "10.2.0.1/24");
        foreach (var address in new[] { "10.2.0.3/24", "10.2.0.4/24" }) Shell.Run($"ip -n {_servers.Name} address add {address} dev eth0");
        Shell.Run($"ip -n {_servers.Name} route add default via 10.2.0.1");
        Shell.Run($"ip -n {_client.Name} route add default via 10.1.0.1");
        _director.Run("sysctl -qw net.ipv4.ip_forward=1");
        for (var i = 2; i <= 4; i++) _open.Add(new NamedServer(_servers, $"server{i}", $"10.2.0.{i}", 8000));
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
        Ipvsadm("-A -t 10.1.0.1:80 -s rr");
        for (var i = 2; i <= 4; i++) Ipvsadm($"-a -t 10.1.0.1:80 -r 10.2.0.{i}:8000 -m");
        using var far = Connect(_client, "10.1.0.1", 80, out var first);
        using var near = Connect(_director, "10.1.0.1", 80, out var second);
        Assert.Equal(("server4", "server3"), (first, second));
        // Both are told that they are connected to the virtual address.
        Assert.Equal("10.1.0.1:80", $"{near.RemoteEndPoint}");
        Assert.Equal(
            """
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
            TCP  10.1.0.1:80 rr
              -> 10.2.0.2:8000                Masq    1      0          0         
              -> 10.2.0.3:8000                Masq    1      1          0         
              -> 10.2.0.4:8000                Masq    1      1          0         

            """, Ipvsadm("-Ln"));
        Assert.Equal(
            [
                "TCP 14:59 ESTABLISHED 10.1.0.2:FAR 10.1.0.1:80 10.2.0.4:8000",
                "TCP 14:59 ESTABLISHED 10.2.0.1:NEAR 10.1.0.1:80 10.2.0.3:8000",
            ], Connections(far, near));
        far.Shutdown(SocketShutdown.Both);
        near.Shutdown(SocketShutdown.Both);
        Assert.True(Wait.Until(() => Connections(far, near).All(line => line.Contains("TIME_WAIT", StringComparison.Ordinal))), string.Join('\n', Connections(far, near)));
        Assert.Matches(@"\n  -> 10\.2\.0\.4:8000 +Masq    1      0          1 +\n", Ipvsadm("-Ln"));
    }

    [Fact]
    public void Traffic_is_counted_rated_and_zeroed()
    {
        Ipvsadm("-A -u 10.1.0.1:53 -s rr");
        Ipvsadm("-a -u 10.1.0.1:53 -r 10.2.0.2:8000 -m");
        Ipvsadm("-a -u 10.1.0.1:53 -r 10.2.0.3:8000 -m");
        using var client = _client.Inside(() => new UdpClient(new IPEndPoint(IPAddress.Any, 0)));
        for (var i = 0; i < 50; i++)
        {
            client.Send([1, 2, 3, 4], new IPEndPoint(IPAddress.Parse("10.1.0.1"), 53));
            IPEndPoint? from = null;
            Assert.Equal("server3", Encoding.ASCII.GetString(client.Receive(ref from)));
            Assert.Equal("10.1.0.1:53", $"{from}");
        }
        // 28 bytes of headers; four and seven of data.
        Assert.Equal(
            """
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
              -> RemoteAddress:Port
            UDP  10.1.0.1:53                         1       50       50     1600     1750
              -> 10.2.0.2:8000                       0        0        0        0        0
              -> 10.2.0.3:8000                       1       50       50     1600     1750

            """, Ipvsadm("-Ln --stats"));
        // A quarter of what two seconds counted, as soon as they have passed.
        Assert.True(Wait.Until(() => Rates("UDP  10.1.0.1:53") is [_, > 0, > 0, > 100, > 100]), Ipvsadm("-Ln --rate"));
        var rates = Rates("UDP  10.1.0.1:53");
        Assert.Equal(rates, Rates("-> 10.2.0.3:8000"));
        Assert.InRange(rates[3], rates[1] * 31, rates[1] * 33);
        Assert.Equal([0, 0, 0, 0, 0], Rates("-> 10.2.0.2:8000"));
        Ipvsadm("-Z");
        Assert.Equal([0, 0, 0, 0, 0], Rates("UDP  10.1.0.1:53"));
        Assert.Contains("UDP  10.1.0.1:53                         0        0        0        0        0\n", Ipvsadm("-Ln --stats"), StringComparison.Ordinal);
        Assert.Contains("UDP  10.1.0.1:53 rr\n  -> 10.2.0.2:8000                Masq    1      0          0         \n  -> 10.2.0.3:8000                Masq    1      0          1", Ipvsadm("-Ln"), StringComparison.Ordinal);
    }

    [Fact]
    public void Time_outs_are_set_listed_and_kept_to()
    {
        Assert.Equal("Timeout (tcp tcpfin udp): 900 120 300\n", Ipvsadm("-L --timeout"));
        Ipvsadm("--set 100 50 0");
        Assert.Equal("Timeout (tcp tcpfin udp): 100 50 300\n", Ipvsadm("-L --timeout"));
        Ipvsadm("-A -t 10.1.0.1:80 -s rr");
        Ipvsadm("-a -t 10.1.0.1:80 -r 10.2.0.2:8000 -m");
        using var connection = Connect(_client, "10.1.0.1", 80, out _);
        Assert.Equal(["TCP 01:39 ESTABLISHED 10.1.0.2:FAR 10.1.0.1:80 10.2.0.2:8000"], Connections(connection));
    }

    [Fact]
    public void A_persistent_client_comes_back_to_its_server_and_its_template_is_listed()
    {
        Ipvsadm("-A -t 10.1.0.1:80 -s rr -p 600 -M 255.255.255.0");
        for (var i = 2; i <= 4; i++) Ipvsadm($"-a -t 10.1.0.1:80 -r 10.2.0.{i}:8000 -m");
        for (var i = 0; i < 3; i++)
        {
            using var connection = Connect(_client, "10.1.0.1", 80, out var name);
            Assert.Equal("server4", name);
            connection.Shutdown(SocketShutdown.Both);
        }
        Assert.Matches(@"\nTCP (09:5\d|10:00)  ASSURED     10\.1\.0\.0:0 +10\.1\.0\.1:80 +10\.2\.0\.4:8000\n", Ipvsadm("-Lnc"));
        Assert.Matches(@"\nTCP  10\.1\.0\.1:80 rr persistent 600 mask 255\.255\.255\.0\n(.*\n){2}  -> 10\.2\.0\.4:8000 +1 +1 +0 +3 *\n", Ipvsadm("-Ln --persistent-conn"));
    }

    [Fact]
    public void Weights_thresholds_and_forwarding_change_in_place()
    {
        Ipvsadm("-A -t 10.1.0.1:80 -s wrr");
        Ipvsadm("-a -t 10.1.0.1:80 -r 10.2.0.2:8000 -m -w 3 -x 100 -y 50");
        Ipvsadm("-a -t 10.1.0.1:80 -r 10.2.0.3:8000 -m");
        Assert.Equal("3222", Reached(4));
        // Quiesced.
        Ipvsadm("-e -t 10.1.0.1:80 -r 10.2.0.2:8000 -m -w 0");
        Assert.Equal("333", Reached(3));
        Ipvsadm("-e -t 10.1.0.1:80 -r 10.2.0.2:8000 -m -w 1 -x 1");
        Ipvsadm("-E -t 10.1.0.1:80 -s rr");
        // Its three former connections are more than it may have, which is found when it gets another (ip_vs_bind_dest).
        Assert.Equal("3233", Reached(4));
        Assert.Contains("  -> 10.2.0.2:8000                1          0          0          4         \n", Ipvsadm("-Ln --thresholds"), StringComparison.Ordinal);
        Ipvsadm("-d -t 10.1.0.1:80 -r 10.2.0.3:8000");
        // Thresholds are not saved, as by the original.
        Assert.Equal("-A -t 10.1.0.1:80 -s rr\n-a -t 10.1.0.1:80 -r 10.2.0.2:8000 -m -w 1\n", Ipvsadm("-Sn"));
    }

    [Fact]
    public void A_mark_is_a_service_as_well()
    {
        _director.Run($"{Shell.Weir("iptables")} -t mangle -A PREROUTING -d 10.99.0.0/24 -p tcp -j MARK --set-mark 7");
        Ipvsadm("-A -f 7 -s rr");
        Ipvsadm("-a -f 7 -r 10.2.0.2:8000 -m");
        using var connection = Connect(_client, "10.99.0.5", 4321, out var name);
        Assert.Equal("server2", name);
        Assert.Equal("10.99.0.5:4321", $"{connection.RemoteEndPoint}");
        Assert.Contains("FWM  7 rr\n  -> 10.2.0.2:8000                Masq    1      1          0", Ipvsadm("-Ln"), StringComparison.Ordinal);
    }

    [Fact]
    public void Services_of_one_namespace_are_not_those_of_another()
    {
        Ipvsadm("-A -t 10.1.0.2:80 -s rr");
        Ipvsadm("-a -t 10.1.0.2:80 -r 10.2.0.2:8000 -m");
        using var near = Connect(_director, "10.1.0.2", 80, out var name);
        Assert.Equal("server2", name);
        // In the client's namespace the address is its own, where nobody listens.
        Assert.Throws<SocketException>(() => Connect(_client, "10.1.0.2", 80, out _));
    }

    [Fact]
    public void Saved_services_are_restored()
    {
        Ipvsadm("-A -t 10.1.0.1:80 -s wlc -p 300 -M 255.255.0.0");
        Ipvsadm("-a -t 10.1.0.1:80 -r 10.2.0.2 -g -w 5");
        Ipvsadm("-a -t 10.1.0.1:80 -r 10.2.0.3 -m -w 0 -x 10 -y 5");
        Ipvsadm("-A -u 10.1.0.1:53 -s sh");
        Ipvsadm("-A -f 9 -s dh");
        var saved = _director.Run($"{Shell.Weir("ipvsadm-save")} -n");
        Ipvsadm("-C");
        Assert.Equal("", Ipvsadm("-Sn"));
        _director.Run(Shell.Weir("ipvsadm-restore"), saved);
        // The order of services is that of a hash table, as ip_vs's.
        Assert.Equal(saved.Split('\n').Order(), Ipvsadm("-Sn").Split('\n').Order());
    }

    private static void Link(NetworkNamespace end, string address, string name, string directors)
    {
        var director = end.Name.Replace("-client", "", StringComparison.Ordinal).Replace("-servers", "", StringComparison.Ordinal);
        Shell.Run($"ip -n {end.Name} link add eth0 type veth peer name {name} netns {director}");
        foreach (var (place, device, value) in new[] { (end.Name, "eth0", address), (director, name, directors) })
        {
            Shell.Run($"ip -n {place} address add {value} dev {device}");
            Shell.Run($"ip -n {place} link set {device} up");
        }
        foreach (var (place, device) in new[] { (end.Name, "eth0"), (director, name) })
            Assert.True(Wait.Until(() => Shell.Run($"ip -n {place} link show {device}").Contains(" state UP ", StringComparison.Ordinal)));
    }

    private string Ipvsadm(string arguments) => _director.Run($"{Shell.Weir("ipvsadm")} {arguments}");

    /// <summary>A connection, with the name that the server told.</summary>
    private static Socket Connect(NetworkNamespace from, string address, int port, out string name)
    {
        var socket = from.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000 });
        socket.Connect(IPAddress.Parse(address), port);
        var buffer = new byte[64];
        name = Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        return socket;
    }

    /// <summary>The last digit of each server that connections reach, one after another.</summary>
    private string Reached(int connections)
    {
        var reached = "";
        for (var i = 0; i < connections; i++)
        {
            using var socket = Connect(_client, "10.1.0.1", 80, out var name);
            reached += name[^1];
            socket.Shutdown(SocketShutdown.Both);
        }
        return reached;
    }

    /// <summary>The listed connections, in order, with names for the ports of these sockets.</summary>
    private string[] Connections(params Socket[] sockets)
    {
        var text = Ipvsadm("-Lnc");
        string[] names = ["FAR", "NEAR"];
        for (var i = 0; i < sockets.Length; i++)
        {
            if (sockets[i].LocalEndPoint is IPEndPoint { Port: var port }) text = text.Replace($":{port} ", $":{names[i]} ", StringComparison.Ordinal);
        }
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Order(StringComparer.Ordinal)];
    }

    private long[] Rates(string row) =>
        [.. Ipvsadm("-Ln --rate").Split('\n').Single(line => line.TrimStart().StartsWith(row, StringComparison.Ordinal)).TrimStart()[row.Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
}
