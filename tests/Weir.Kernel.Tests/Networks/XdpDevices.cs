using System.Globalization;

namespace Weir.Kernel.Tests.Networks;

/// <summary>XDP on veth devices called net1, net2, ….</summary>
internal static class XdpDevices
{
    /// <summary>
    /// Turns it on at a director's devices. Their peers send whole checksums (a frame that a device is to complete is none for XDP) and take frames one by one (NAPI, with
    /// which a veth device takes what is redirected to its peer).
    /// </summary>
    public static void TurnOn(NetworkNamespace director, params (int Number, NetworkNamespace Host)[] peers)
    {
        foreach (var (number, host) in peers)
        {
            host.Run($"ethtool -K net{number} tx off gro on");
            director.Run($"{Shell.Weir("weir")} xdp on net{number}");
        }
        // What a peer of the first could do was not known of the last.
        director.Run($"{Shell.Weir("weir")} xdp on net{peers[0].Number}");
    }

    /// <summary>What weir status says of a device.</summary>
    public static string Status(NetworkNamespace director, string device) =>
        director.Run($"{Shell.Weir("weir")} status").Split('\n').First(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var name, ..] && name == device)[25..].Trim();

    /// <summary>Packets that XDP has sent.</summary>
    public static long Sent(NetworkNamespace director) =>
        long.Parse(director.Run($"{Shell.Weir("weir")} status").Split('\n').First(line => line.Contains("sent by XDP", StringComparison.Ordinal))[22..], CultureInfo.InvariantCulture);
}
