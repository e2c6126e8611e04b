using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A virtual service's key: by address, port and protocol, or (all of these zero) by mark and family. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ServiceKey
{
    /// <summary>A <see cref="Family"/>.</summary>
    public const byte IPv6 = 1;

    public IpAddress Address;

    /// <summary>0: every port (persistent services only).</summary>
    public ushort PortBe;
    public byte Protocol;

    /// <summary><see cref="IPv6"/>: the marked packets are IPv6; otherwise 0.</summary>
    public byte Family;
    public uint Mark;
}
