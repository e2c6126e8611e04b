using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>The five things that are counted of services and servers. 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Traffic
{
    public ulong Connections;
    public ulong InPackets;
    public ulong OutPackets;
    public ulong InBytes;
    public ulong OutBytes;
}
