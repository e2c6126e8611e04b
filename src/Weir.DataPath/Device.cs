using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>What the control side knows of a device: value of <see cref="Maps.Devices"/>. 48 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Device
{
    /// <summary>Zero-padded (IFNAMSIZ).</summary>
    public fixed byte Name[16];

    /// <summary>The first primary IPv4 address, or 0.</summary>
    public uint AddressBe;
    public DeviceFlags Flags;

    /// <summary>The link address (Ethernet), then zeros.</summary>
    public fixed byte Mac[8];

    /// <summary>The first global IPv6 address, or 0.</summary>
    public IpAddress AddressIPv6;
}

/// <summary>What else is to be known of a device.</summary>
[Flags]
public enum DeviceFlags : uint
{
    None = 0,

    /// <summary>It sends what XDP redirects to it, and nobody waits at its egress for what passes.</summary>
    TakesXdp = 1 << 0,

    /// <summary>This node's pods come in by it.</summary>
    Pods = 1 << 1,
}
