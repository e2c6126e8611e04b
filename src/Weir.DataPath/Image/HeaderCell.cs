using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>Cell 0 of an image.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct HeaderCell
{
    /// <summary>"WEIR" in memory.</summary>
    public const uint MagicValue = 0x52494557;
    public const uint VersionValue = 1;

    [FieldOffset(0)] public uint Magic;
    [FieldOffset(4)] public uint Version;
    [FieldOffset(8)] public ulong Generation;

    /// <summary>The low half of the <see cref="ActiveImage"/> word, without the slot.</summary>
    [FieldOffset(16)] public uint Flags;

    /// <summary>Cells in use by the data path, this one included.</summary>
    [FieldOffset(20)] public uint CellCount;

    /// <summary>First cell of the source text of the rules; the data path does not read it.</summary>
    [FieldOffset(24)] public uint TextCell;

    /// <summary>Bytes of the source text.</summary>
    [FieldOffset(28)] public uint TextLength;

    /// <summary>The first <see cref="SplitCell"/>; the data path does not read this and the following.</summary>
    [FieldOffset(32)] public uint FirstSplit;

    /// <summary>The first <see cref="CandidatesCell"/> of the lists of trees; behind the last split.</summary>
    [FieldOffset(36)] public uint FirstList;

    /// <summary>Behind the last one. What follows has come with changes of single rules.</summary>
    [FieldOffset(40)] public uint ListsEnd;
}
