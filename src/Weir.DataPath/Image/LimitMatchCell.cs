using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m limit.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct LimitMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(4)] public uint StateSlot;

    /// <summary>Nanoseconds of credit that a packet costs: the mean distance of packets.</summary>
    [FieldOffset(8)] public ulong Cost;

    /// <summary>Most credit in nanoseconds: cost times --limit-burst. It is also the credit at first.</summary>
    [FieldOffset(16)] public ulong Cap;
}
