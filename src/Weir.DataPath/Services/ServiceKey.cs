using System.Runtime.InteropServices;

namespace Weir.DataPath.Services;

/// <summary>A virtual service's key: by address, port and protocol, or (all of these zero) by mark and family. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ServiceKey
{
    /// <summary>In <see cref="Scope"/>: the marked packets are IPv6.</summary>
    public const byte IPv6 = 1;

    /// <summary>In <see cref="Scope"/>: the service as near clients see it, where they have servers of their own (<see cref="ServicePolicy.HasNear"/>).</summary>
    public const byte Near = 2;

    public IpAddress Address;

    /// <summary>0: every port (persistent services only).</summary>
    public ushort PortBe;
    public byte Protocol;

    /// <summary>Bits: <see cref="IPv6"/>, <see cref="Near"/>.</summary>
    public byte Scope;
    public uint Mark;
}
