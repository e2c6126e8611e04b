using System.Diagnostics;
using System.Globalization;

namespace Weir.Bench;

/// <summary>
/// A client, a router and a server, each in a network namespace: client eth0 10.1.0.2/24 - 10.1.0.1 router 10.2.0.1 - 10.2.0.2/24 eth0 server.
/// The server's network also has 10.2.0.99, whose frames reach the server's device and end there (nobody has that address).
/// </summary>
internal sealed class Topology : IDisposable
{
    private readonly string _prefix;

    public Topology(string name)
    {
        _prefix = $"wb{Environment.ProcessId}-{name}-";
        foreach (var host in new[] { "c", "r", "s" })
        {
            Shell.Run($"ip netns add {_prefix}{host}");
            Shell.Run($"ip -n {_prefix}{host} link set lo up");
        }
        Shell.Run($"ip -n {Client} link add eth0 type veth peer name left netns {Router}");
        Shell.Run($"ip -n {Server} link add eth0 type veth peer name right netns {Router}");
        Address(Client, "eth0", "10.1.0.2/24");
        Address(Router, "left", "10.1.0.1/24");
        Address(Router, "right", "10.2.0.1/24");
        Address(Server, "eth0", "10.2.0.2/24");
        Shell.Run($"ip -n {Client} route add default via 10.1.0.1");
        Shell.Run($"ip -n {Server} route add default via 10.2.0.1");
        Shell.Run($"ip netns exec {Router} sysctl -qw net.ipv4.ip_forward=1");
        Shell.Run($"ip -n {Router} neighbour add 10.2.0.99 lladdr {Mac(Server, "eth0")} dev right nud permanent");
        RouterMac = Mac(Router, "left");
    }

    public string Client => _prefix + "c";

    public string Router => _prefix + "r";

    public string Server => _prefix + "s";

    /// <summary>The router's MAC address on the client's side.</summary>
    public string RouterMac { get; }

    /// <summary>Frames that the server's device has received.</summary>
    public long Received =>
        long.Parse(Shell.Run($"ip netns exec {Server} cat /sys/class/net/eth0/statistics/rx_packets"), CultureInfo.InvariantCulture);

    /// <summary>Runs this program's traffic verb in the client. What it prints: a count, nanoseconds, and what else the verb has.</summary>
    public long[] Traffic(string verb, string? host = null) =>
        [.. Shell.Run($"ip netns exec {host ?? Client} {Environment.ProcessPath} {verb}").Split(' ').Select(word => long.Parse(word, CultureInfo.InvariantCulture))];

    /// <summary>Starts servers on these ports.</summary>
    public Process Serve(string host, string ports)
    {
        var process = Process.Start(new ProcessStartInfo("ip", $"netns exec {host} {Environment.ProcessPath} serve {ports}") { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadLine();
        return process;
    }

    public void Dispose()
    {
        Shell.Try($"ip netns exec {Router} {Shell.Weir("weir")} down");
        foreach (var host in new[] { Client, Router, Server }) Shell.Try($"ip netns del {host}");
    }

    private static void Address(string host, string device, string address)
    {
        Shell.Run($"ip -n {host} address add {address} dev {device}");
        Shell.Run($"ip -n {host} link set {device} up");
    }

    private static string Mac(string host, string device) => Shell.Run($"ip netns exec {host} cat /sys/class/net/{device}/address").Trim();
}
