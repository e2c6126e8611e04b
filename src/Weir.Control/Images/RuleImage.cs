using System.Runtime.InteropServices;
using Weir.DataPath.Image;

namespace Weir.Control.Images;

/// <summary>A finished image, as it goes into the map.</summary>
/// <param name="Cells">Data cells, then the text.</param>
/// <param name="Flags">See <see cref="ImageFacts"/>, as the others.</param>
/// <param name="NewStateSlots"/>
/// <param name="RoutesLocalTranslations"/>
public sealed record RuleImage(Cell[] Cells, uint Flags, IReadOnlyList<uint> NewStateSlots, bool RoutesLocalTranslations)
    : ImageFacts(Flags, NewStateSlots, RoutesLocalTranslations)
{
    /// <summary>Cell 0.</summary>
    public HeaderCell Header => HeaderOf(Cells);

    /// <summary>The header of an image.</summary>
    public static HeaderCell HeaderOf(ReadOnlySpan<Cell> cells) => MemoryMarshal.Cast<Cell, HeaderCell>(cells)[0];

    /// <summary>How many of the cells that begin with an image belong to it.</summary>
    public static int LengthOf(ReadOnlySpan<Cell> cells)
    {
        if (cells.IsEmpty) return 0;
        var header = HeaderOf(cells);
        var length = Math.Max(header.CellCount, header.TextCell + (header.TextLength + Cell.Size - 1L) / Cell.Size);
        return (int)Math.Min(length, cells.Length);
    }

    /// <summary>The chains' runs of an image, one behind the other up to the empty cell: rules, what stands before them and their ends.</summary>
    public static ReadOnlySpan<RuleCell> RunsOf(ReadOnlySpan<Cell> cells)
    {
        const int First = (int)HeadsCell.Policies + 1;
        var count = (int)Math.Min(cells.IsEmpty ? 0 : HeaderOf(cells).CellCount, (uint)cells.Length);
        if (count <= First) return [];
        var runs = MemoryMarshal.Cast<Cell, RuleCell>(cells[First..count]);
        var length = 0;
        while (length < runs.Length && runs[length].Kind != CellKind.None) length++;
        return runs[..length];
    }

    /// <summary>The text of the rules (UTF-8) in an image.</summary>
    /// <exception cref="InvalidDataException">The cells are no image of this version.</exception>
    public static ReadOnlySpan<byte> TextOf(ReadOnlySpan<Cell> cells)
    {
        if (cells.IsEmpty) throw new InvalidDataException("the live image is empty");
        var header = HeaderOf(cells);
        if (header.Magic != HeaderCell.MagicValue || header.Version != HeaderCell.VersionValue)
            throw new InvalidDataException("the live image was written by another version of weir; run 'weir down' with that version");
        return MemoryMarshal.AsBytes(cells)[(int)(header.TextCell * Cell.Size)..].Slice(0, (int)header.TextLength);
    }
}
