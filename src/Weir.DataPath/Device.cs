using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>What the control side knows of a device: value of <see cref="Maps.Devices"/>. 24 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Device
{
    /// <summary>Zero-padded (IFNAMSIZ).</summary>
    public fixed byte Name[16];

    /// <summary>The first primary IPv4 address, or 0.</summary>
    public uint AddressBe;
    public uint Reserved0;
}
