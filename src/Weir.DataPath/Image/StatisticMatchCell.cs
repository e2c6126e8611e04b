using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m statistic, random and nth.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct StatisticMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(1)] public byte Invert;

    /// <summary>nth: index into <see cref="Maps.RuleStates"/>.</summary>
    [FieldOffset(4)] public uint StateSlot;

    /// <summary>random: 31 bits; 0x80000000 is always.</summary>
    [FieldOffset(8)] public uint Probability;

    /// <summary>nth: n of --every (1 or more).</summary>
    [FieldOffset(12)] public uint Every;

    /// <summary>nth: --packet (0 to n - 1).</summary>
    [FieldOffset(16)] public uint Packet;
}
