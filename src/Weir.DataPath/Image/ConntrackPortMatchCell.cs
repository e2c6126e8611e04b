using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m conntrack --ctorigsrcport and its kin.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct ConntrackPortMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(1)] public byte Invert;
    [FieldOffset(2)] public ConntrackSide Side;

    /// <summary>Inclusive, host byte order.</summary>
    [FieldOffset(4)] public ushort Min;
    [FieldOffset(6)] public ushort Max;
}
