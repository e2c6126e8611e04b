using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m multiport.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct MultiportMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(1)] public byte Invert;
    [FieldOffset(2)] public MultiportSide Side;

    /// <summary>Ports in use, at most 15; a range takes two.</summary>
    [FieldOffset(3)] public byte Count;

    /// <summary>Bit n: port n begins a range that port n + 1 ends.</summary>
    [FieldOffset(4)] public ushort Ranges;

    /// <summary>Host byte order.</summary>
    [FieldOffset(8)] public fixed ushort Ports[15];
}

/// <summary>Which ports are looked at (enum xt_multiport_flags).</summary>
public enum MultiportSide : byte
{
    Source = 0,
    Destination = 1,
    Either = 2,
}
