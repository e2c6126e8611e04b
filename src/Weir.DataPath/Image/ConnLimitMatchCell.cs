using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m connlimit.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct ConnLimitMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;

    /// <summary>1: --connlimit-upto (or ! --connlimit-above).</summary>
    [FieldOffset(1)] public byte Invert;

    /// <summary>1: --connlimit-daddr.</summary>
    [FieldOffset(2)] public byte ByDestination;

    /// <summary>IPv4 prefix length, 0 to 32.</summary>
    [FieldOffset(3)] public byte PrefixLength;
    [FieldOffset(4)] public uint StateSlot;
    [FieldOffset(8)] public uint Limit;
}
