using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A virtual service's key: by address, port and protocol, or (all of these zero) by mark. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ServiceKey
{
    public IpAddress Address;

    /// <summary>0: every port (persistent services only).</summary>
    public ushort PortBe;
    public byte Protocol;
    public byte Zero0;
    public uint Mark;
}
