using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>The range of a translation: struct nf_nat_range2.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct NatTargetCell
{
    [FieldOffset(0)] public NatRangeFlags Flags;

    /// <summary>Inclusive, host byte order.</summary>
    [FieldOffset(4)] public ushort PortMin;
    [FieldOffset(6)] public ushort PortMax;

    /// <summary>With <see cref="NatRangeFlags.PortOffset"/>: what the original port is counted from.</summary>
    [FieldOffset(8)] public ushort PortBase;
    [FieldOffset(16)] public IpAddress AddressMin;
    [FieldOffset(32)] public IpAddress AddressMax;
}

/// <summary>Flags of a translation (NF_NAT_RANGE_…), same bits.</summary>
[Flags]
public enum NatRangeFlags : uint
{
    None = 0,
    MapAddresses = 1 << 0,
    PortsSpecified = 1 << 1,

    /// <summary>--random.</summary>
    Random = 1 << 2,
    Persistent = 1 << 3,

    /// <summary>--random-fully.</summary>
    RandomFully = 1 << 4,
    PortOffset = 1 << 5,
}
