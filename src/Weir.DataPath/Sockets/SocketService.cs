using System.Runtime.InteropServices;

namespace Weir.DataPath.Sockets;

/// <summary>A socket that was connected through a virtual service: value of <see cref="Maps.SocketServices"/>, keyed by its cookie. 48 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SocketService
{
    public IpAddress Virtual;
    public IpAddress Server;
    public ushort VirtualPortBe;
    public ushort ServerPortBe;
    public byte Protocol;
    public byte Zero0;
    public ushort Zero1;
    public uint ServiceSlot;
    public uint ServerSlot;
}
