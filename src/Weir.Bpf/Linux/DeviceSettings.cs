using System.Text;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Linux;

/// <summary>What a driver says of its device in this network namespace (SIOCETHTOOL, include/uapi/linux/ethtool.h).</summary>
public static unsafe class DeviceSettings
{
    private const int Inet = 2, Datagram = 2, CloseOnExec = 0x80000;
    private const nuint SiocEthtool = 0x8946;
    private const uint GetDriverInfo = 3, GetFlags = 0x25;
    private const int NameSize = 16;

    /// <summary>Whether the device takes VLAN tags off the frames that it receives (rxvlan); null where it does not say.</summary>
    public static bool? TakesTagsOff(string device)
    {
        const uint receiveVlan = 1 << 8;
        var value = stackalloc uint[2] { GetFlags, 0 };
        return TryAsk(device, value) ? (value[1] & receiveVlan) != 0 : null;
    }

    /// <summary>The driver's name; empty where it does not say.</summary>
    public static string DriverOf(string device)
    {
        const int size = 196, nameOffset = 4, nameSize = 32;
        var info = stackalloc byte[size];
        new Span<byte>(info, size).Clear();
        *(uint*)info = GetDriverInfo;
        if (!TryAsk(device, info)) return "";
        var name = new ReadOnlySpan<byte>(info + nameOffset, nameSize);
        var end = name.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? name : name[..end]);
    }

    private static bool TryAsk(string device, void* question)
    {
        // struct ifreq: the name, then a union whose pointer is the question.
        const int requestSize = 40;
        var request = stackalloc byte[requestSize];
        new Span<byte>(request, requestSize).Clear();
        if (Encoding.UTF8.GetByteCount(device) >= NameSize) return false;
        Encoding.UTF8.GetBytes(device, new Span<byte>(request, NameSize));
        *(void**)(request + NameSize) = question;
        using var socket = new Descriptor(Libc.Socket(Inet, Datagram | CloseOnExec, 0));
        if (socket.IsInvalid) throw new BpfException("open a socket", Libc.LastError);
        using var use = socket.Use();
        return Libc.Control(use.Value, SiocEthtool, request) >= 0;
    }
}
