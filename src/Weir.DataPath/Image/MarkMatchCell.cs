using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m mark.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct MarkMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(1)] public byte Invert;
    [FieldOffset(4)] public uint Mark;
    [FieldOffset(8)] public uint Mask;
}
