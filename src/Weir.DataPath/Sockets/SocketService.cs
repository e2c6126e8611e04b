using System.Runtime.InteropServices;

namespace Weir.DataPath.Sockets;

/// <summary>What a socket's peer stands for, where a virtual service was asked for: value of <see cref="Maps.SocketServices"/>. 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SocketService
{
    public IpAddress Virtual;
    public IpAddress Server;
    public ushort VirtualPortBe;
    public ushort ServerPortBe;
    public uint ServiceSlot;
    public uint ServerSlot;
    public uint Reserved0;

    /// <summary>When a datagram last took it, CLOCK_MONOTONIC nanoseconds.</summary>
    public ulong Seen;
}
