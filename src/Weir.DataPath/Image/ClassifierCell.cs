using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>
/// Stands before the first rule of a chain that has a classifier. A reference names a <see cref="SplitCell"/>, or, with <see cref="List"/> set, an ordered list:
/// the place of its first number in <see cref="CandidatesCell"/>s (cell * 16 + word; the number before it is the count). A list holds the cells of the rules that
/// may concern a packet and ends with the chain's end. A rule is in the lists of one tree only.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct ClassifierCell
{
    /// <summary>
    /// Trees of rules with both addresses narrow, one of them, none (together they would multiply one another: EffiCuts, Vamanan et al. 2010), and
    /// <see cref="Recent"/>.
    /// </summary>
    public const int Trees = 5;

    /// <summary>Not a tree: one list of the rules that came since the trees were made.</summary>
    public const int Recent = 4;

    /// <summary>More splits than that are not on any way to a list.</summary>
    public const int MaxDepth = 16;

    /// <summary>In a reference: a list.</summary>
    public const uint List = 1u << 31;

    [FieldOffset(0)] public CellKind Kind;

    /// <summary>1: rules ask for device names.</summary>
    [FieldOffset(1)] public byte Names;

    /// <summary>References.</summary>
    [FieldOffset(4)] public fixed uint Roots[Trees];
}

/// <summary>Parts the packets by one field: child n is for values from bound n - 1 on and below bound n. Unused bounds and children repeat the last.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct SplitCell
{
    public const int Children = 8;

    [FieldOffset(0)] public CellKind Kind;
    [FieldOffset(1)] public PacketField Field;
    [FieldOffset(4)] public fixed uint Bounds[Children - 1];

    /// <summary>References, see <see cref="ClassifierCell"/>.</summary>
    [FieldOffset(32)] public fixed uint Next[Children];
}

/// <summary>Sixteen numbers of lists.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct CandidatesCell
{
    public const int Numbers = 16;

    [FieldOffset(0)] public fixed uint Cells[Numbers];
}
