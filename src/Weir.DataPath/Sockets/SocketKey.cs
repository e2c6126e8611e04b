using System.Runtime.InteropServices;

namespace Weir.DataPath.Sockets;

/// <summary>A socket and one of its peers: key of <see cref="Maps.SocketServices"/>. 32 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SocketKey
{
    /// <summary><see cref="Side"/>: the peer is the virtual address; 0: it is the server.</summary>
    public const byte VirtualSide = 1;

    public ulong Cookie;
    public IpAddress Address;
    public ushort PortBe;
    public byte Side;
    public byte Zero0;
    public uint Zero1;
}
