namespace Weir.Kernel.Tests.Networks;

/// <summary>
/// Four hosts in a row with all offloads on: client 10.1.0.2 - director 10.1.0.1, 10.2.0.1 - middle 10.2.0.2, 10.3.0.1 - server 10.3.0.2. The link to the
/// server takes 1300 bytes. Rules go into the director.
/// </summary>
internal sealed class Line : IDisposable
{
    public const string ClientAddress = "10.1.0.2", DirectorAddress = "10.1.0.1", ServerAddress = "10.3.0.2";

    public Line(string name)
    {
        Client = new NetworkNamespace(name + "c");
        Director = new NetworkNamespace(name + "d");
        Middle = new NetworkNamespace(name + "m");
        Server = new NetworkNamespace(name + "s");
        Connect(1, Client, Director, 1500);
        Connect(2, Middle, Director, 1500);
        Connect(3, Server, Middle, 1300);
        Client.Run("ip route add default via 10.1.0.1");
        Server.Run("ip route add default via 10.3.0.1");
        Director.Run("ip route add 10.3.0.0/24 via 10.2.0.2");
        Middle.Run("ip route add 10.1.0.0/24 via 10.2.0.1");
        foreach (var host in new[] { Director, Middle }) host.Run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0");
        Server.Run("sysctl -qw net.ipv4.icmp_ratelimit=0");
    }

    public NetworkNamespace Client { get; }

    public NetworkNamespace Director { get; }

    public NetworkNamespace Middle { get; }

    public NetworkNamespace Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Director.Dispose();
        Middle.Dispose();
        Server.Dispose();
    }

    private static void Connect(int number, NetworkNamespace end, NetworkNamespace router, int mtu)
    {
        Shell.Run($"ip -n {end.Name} link add net{number} mtu {mtu} type veth peer name net{number} mtu {mtu} netns {router.Name}");
        Shell.Run($"ip -n {end.Name} address add 10.{number}.0.2/24 dev net{number}");
        Shell.Run($"ip -n {router.Name} address add 10.{number}.0.1/24 dev net{number}");
        foreach (var host in new[] { end, router })
        {
            host.Run($"sysctl -qw net.ipv6.conf.net{number}.disable_ipv6=1");
            Shell.Run($"ip -n {host.Name} link set net{number} up");
        }
    }
}
