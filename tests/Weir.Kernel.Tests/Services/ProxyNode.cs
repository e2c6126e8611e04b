using System.Net;
using System.Net.Sockets;
using System.Text;
using Weir.Control.Instances;
using Weir.Control.Services;
using Weir.Ipvs;
using Weir.Kernel.Tests.Networks;
using Weir.Model;
using Weir.Model.Proxying;
using AddressFamily = System.Net.Sockets.AddressFamily;

namespace Weir.Kernel.Tests.Services;

/// <summary>
/// A node with a Service proxy's services: 10.1.0.1 towards a client elsewhere, 10.1.0.2; 10.2.1.1 on the device "pod1" towards a pod that is a client, 10.2.1.2; 10.2.0.1
/// on the device "pods" towards pods that are servers, 10.2.0.2 to 10.2.0.4, on port 8000 of TCP and UDP. One more server is the node's own, 10.1.0.1:9000. Services are
/// at 10.96.0.0/16.
/// </summary>
internal sealed class ProxyNode : IDisposable
{
    public const string Virtual = "10.96.0.10";

    private readonly List<NamedServer> _servers = [];

    public ProxyNode(string name)
    {
        Node = new(name);
        Far = new(name + "-far");
        Pod = new(name + "-pod");
        Pods = new(name + "-pods");
        Link(Far, "10.1.0.2/24", "outside", "10.1.0.1/24");
        Link(Pod, "10.2.1.2/24", "pod1", "10.2.1.1/24");
        Link(Pods, "10.2.0.2/24", "pods", "10.2.0.1/24");
        foreach (var address in new[] { "10.2.0.3/24", "10.2.0.4/24" }) Pods.Run($"ip address add {address} dev eth0");
        Pods.Run("ip route add default via 10.2.0.1");
        Pod.Run("ip route add default via 10.2.1.1");
        Far.Run("ip route add default via 10.1.0.1");
        Node.Run("ip route add default via 10.1.0.2");
        Node.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0");
        // Packets that nobody is to have end here instead of going round.
        Far.Run("ip route add blackhole 10.96.0.0/16 table 7");
        Far.Run("ip rule add iif eth0 table 7");
        for (var i = 2; i <= 4; i++) _servers.Add(new NamedServer(Pods, $"pod{i}", $"10.2.0.{i}", 8000));
        _servers.Add(new NamedServer(Node, "node", "10.1.0.1", 9000));
    }

    public NetworkNamespace Node { get; }

    public NetworkNamespace Far { get; }

    public NetworkNamespace Pod { get; }

    public NetworkNamespace Pods { get; }

    /// <summary>Settings of most tests.</summary>
    public static ProxySettings NodeSettings => new() { PodPrefixes = [Prefix("10.2.0.0/16")] };

    public static AddressMask Prefix(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return AddressMask.Prefix(Address.Parse(text[..slash]), int.Parse(text[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>A service with servers of these names ("pod3", "node").</summary>
    public static ProxiedService Service(string servers, ServiceProtocol protocol = ServiceProtocol.Tcp, int port = 80, string address = Virtual) => new()
    {
        Service = new() { Key = ServiceKey.Of(protocol, Address.Parse(address), (ushort)port), Scheduler = "rr" },
        Servers = Servers(servers),
    };

    public static ValueList<RealServer> Servers(string names) =>
        [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new RealServer { Key = KeyOf(name), Forwarding = ForwardingMethod.Masquerade })];

    public static ServerKey KeyOf(string name) => name == "node" ? new(Address.Parse("10.1.0.1"), 9000) : new(Address.Parse($"10.2.0.{name[^1]}"), 8000);

    public NamedServer Server(string name) => _servers[name == "node" ? 3 : name[^1] - '2'];

    /// <summary>All that is to be there, by a store that knows nothing of what was there before.</summary>
    public void ApplyWhole(params ProxiedService[] services) => Apply(new() { Set = services, IsWhole = true, Settings = NodeSettings });

    public void Apply(ProxyChange change) => Assert.Empty(TryApply(change));

    public IReadOnlyList<(ServiceKey Service, ServiceResult Result)> TryApply(ProxyChange change) => Node.Inside(() => new ProxyStore(StateFolder.Current()).Apply(change));

    public int Sweep() => Node.Inside(() => new ProxyStore(StateFolder.Current()).Sweep());

    public string Ipvsadm(string arguments) => Node.Inside(() =>
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        IpvsadmCommand.Run("ipvsadm", arguments.Split(' '), TextReader.Null, output, errors, new ServiceStore(StateFolder.Current()), new FileNameResolver("", ""));
        return output.ToString() + errors;
    });

    /// <summary>A connection, with the name that the server told.</summary>
    public static Socket Connect(NetworkNamespace from, out string name, int port = 80, string address = Virtual, string? source = null)
    {
        var socket = Open(from, source);
        socket.Connect(IPAddress.Parse(address), port);
        var buffer = new byte[64];
        name = Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        return socket;
    }

    /// <summary>
    /// The name of the server that a connection reaches; "refused", or "nothing" where two seconds bring no answer. (An error that comes while connect() still holds the
    /// socket is lost, as between neighbours on one machine it often is: the second SYN, a second later, brings another.)
    /// </summary>
    public static string Reach(NetworkNamespace from, int port = 80, string address = Virtual, string? source = null)
    {
        using var socket = Open(from, source);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            socket.ConnectAsync(IPAddress.Parse(address), port, patience.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return "nothing";
        }
        catch (SocketException problem) when (problem.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return "refused";
        }
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }

    /// <summary>The name that answers a datagram, or "nothing" (or "refused", which a connected socket is told).</summary>
    public static string Ask(Socket socket, int port = 53, string address = Virtual)
    {
        var buffer = new byte[64];
        try
        {
            socket.SendTo([1], new IPEndPoint(IPAddress.Parse(address), port));
            return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        }
        catch (SocketException problem) when (problem.SocketErrorCode is SocketError.ConnectionRefused or SocketError.TimedOut)
        {
            return problem.SocketErrorCode == SocketError.TimedOut ? "nothing" : "refused";
        }
    }

    public static Socket Datagrams(NetworkNamespace place, string? connectedTo = null)
    {
        var socket = place.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 });
        if (connectedTo is not null) socket.Connect(IPAddress.Parse(connectedTo), 53);
        return socket;
    }

    public void Dispose()
    {
        foreach (var server in _servers) server.Dispose();
        Node.Inside(() =>
        {
            var folder = StateFolder.Current();
            return Instance.Remove(folder, folder.TakeLock(null)!);
        });
        foreach (var place in new[] { Far, Pod, Pods, Node }) place.Dispose();
    }

    private static Socket Open(NetworkNamespace from, string? source)
    {
        var socket = from.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000, SendTimeout = 5000 });
        if (source is not null) socket.Bind(IPEndPoint.Parse(source));
        return socket;
    }

    private void Link(NetworkNamespace end, string address, string device, string own)
    {
        Shell.Run($"ip -n {end.Name} link add eth0 type veth peer name {device} netns {Node.Name}");
        foreach (var (place, name, value) in new[] { (end, "eth0", address), (Node, device, own) })
        {
            place.Run($"ip address add {value} dev {name}");
            place.Run($"ip link set {name} up");
        }
        foreach (var (place, name) in new[] { (end, "eth0"), (Node, device) })
            Assert.True(Wait.Until(() => place.Run($"ip link show {name}").Contains(" state UP ", StringComparison.Ordinal)));
    }
}
