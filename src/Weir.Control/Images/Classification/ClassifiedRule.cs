using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.Control.Images.Classification;

/// <summary>
/// A rule as a classifier sees it, read from its cells: for each field the ranges outside of which the rule certainly does nothing (null: none). Conditions that
/// follow a match with a memory (limit, statistic, connlimit) are not looked at: whether that match is asked must not change.
/// </summary>
internal sealed class ClassifiedRule
{
    private const int Fields = 16;

    private readonly FieldRange[]?[] _ranges = new FieldRange[]?[Fields];

    public ClassifiedRule(uint cell, ReadOnlySpan<Cell> cells)
    {
        Cell = cell;
        var rule = Unsafe.BitCast<Cell, RuleCell>(cells[(int)cell]);
        Address(PacketField.Source, rule.SourceBe, rule.SourceMaskBe, rule.Inverts.HasFlag(RuleInverts.Source));
        Address(PacketField.Destination, rule.DestinationBe, rule.DestinationMaskBe, rule.Inverts.HasFlag(RuleInverts.Destination));
        if (rule.Protocol != 0) Restrict(PacketField.Protocol, [new(rule.Protocol, rule.Protocol)], rule.Inverts.HasFlag(RuleInverts.Protocol));
        if (rule.Flags.HasFlag(RuleFlags.Ports))
        {
            Restrict(PacketField.SourcePort, [new(rule.SourcePortMin, rule.SourcePortMax)], rule.Inverts.HasFlag(RuleInverts.SourcePorts));
            Restrict(PacketField.DestinationPort, [new(rule.DestinationPortMin, rule.DestinationPortMax)], rule.Inverts.HasFlag(RuleInverts.DestinationPorts));
        }
        if (rule.Flags.HasFlag(RuleFlags.Icmp)) Icmp(rule);
        if (rule.InterfaceCell != 0) Names(Unsafe.BitCast<Cell, InterfaceCell>(cells[(int)rule.InterfaceCell]), rule.Inverts);
        Matches(cells.Slice((int)rule.MatchCell, rule.MatchCount));
    }

    public uint Cell { get; }

    public bool HasNames { get; private set; }

    public FieldRange[]? this[PacketField field] => _ranges[(int)field];

    /// <summary>Whether the rule asks for less than a sixteenth of a field.</summary>
    public bool IsNarrow(PacketField field)
    {
        if (_ranges[(int)field] is not { } ranges) return false;
        ulong size = 0;
        foreach (var range in ranges) size += (ulong)range.High - range.Low + 1;
        return size <= 1ul << 28;
    }

    private void Address(PacketField field, uint addressBe, uint maskBe, bool invert)
    {
        var mask = BinaryPrimitives.ReverseEndianness(maskBe);
        // Where it is not a prefix, it is not a range.
        if (BitOperations.PopCount(mask) != BitOperations.LeadingZeroCount(~mask)) return;
        var low = BinaryPrimitives.ReverseEndianness(addressBe);
        Restrict(field, [new(low, low | ~mask)], invert);
    }

    private void Icmp(in RuleCell rule)
    {
        FieldRange[] ranges = rule.IcmpType == 255 ? [FieldRange.All] : [new((uint)rule.IcmpType << 8 | rule.IcmpCodeMin, (uint)rule.IcmpType << 8 | rule.IcmpCodeMax)];
        Restrict(PacketField.Icmp, ranges, rule.Inverts.HasFlag(RuleInverts.Icmp));
    }

    private unsafe void Names(in InterfaceCell names, RuleInverts inverts)
    {
        HasNames = true;
        fixed (InterfaceCell* cell = &names)
        {
            Name(PacketField.InName, new(cell->In, 16), new(cell->InMask, 16), inverts.HasFlag(RuleInverts.InInterface));
            Name(PacketField.OutName, new(cell->Out, 16), new(cell->OutMask, 16), inverts.HasFlag(RuleInverts.OutInterface));
        }
    }

    private void Name(PacketField first, ReadOnlySpan<byte> name, ReadOnlySpan<byte> mask, bool invert)
    {
        // Of words that must not all be equal none says anything.
        if (invert || mask.IndexOfAnyExcept((byte)0) < 0) return;
        for (var i = 0; i < 4; i++)
        {
            var word = BinaryPrimitives.ReadUInt32BigEndian(name[(i * 4)..]);
            var wordMask = BinaryPrimitives.ReadUInt32BigEndian(mask[(i * 4)..]);
            if (wordMask != 0) Restrict(first + (byte)i, [new(word, word | ~wordMask)], false);
        }
    }

    private void Matches(ReadOnlySpan<Cell> cells)
    {
        foreach (ref readonly var cell in cells)
        {
            switch ((MatchKind)cell.Kind)
            {
                case MatchKind.Multiport:
                    Multiport(Unsafe.BitCast<Cell, MultiportMatchCell>(cell));
                    break;
                case MatchKind.Mark:
                    Mark(Unsafe.BitCast<Cell, MarkMatchCell>(cell));
                    break;
                case MatchKind.Conntrack:
                    Conntrack(Unsafe.BitCast<Cell, ConntrackMatchCell>(cell));
                    break;
                case MatchKind.ConntrackAddress or MatchKind.ConntrackPort or MatchKind.Transport or MatchKind.AddrType:
                    break;
                default:
                    return;
            }
        }
    }

    private unsafe void Multiport(MultiportMatchCell cell)
    {
        if (cell.Side == MultiportSide.Either) return;
        var ranges = new List<FieldRange>();
        for (var i = 0; i < cell.Count; i++)
        {
            uint low = cell.Ports[i];
            var high = low;
            if ((cell.Ranges >> i & 1) != 0 && i + 1 < cell.Count) high = cell.Ports[++i];
            if (low <= high) ranges.Add(new(low, high));
        }
        Restrict(cell.Side == MultiportSide.Source ? PacketField.SourcePort : PacketField.DestinationPort, ranges, cell.Invert != 0);
    }

    private void Mark(in MarkMatchCell cell)
    {
        if (cell.Mask == uint.MaxValue) Restrict(PacketField.Mark, [new(cell.Mark, cell.Mark)], cell.Invert != 0);
    }

    private void Conntrack(in ConntrackMatchCell cell)
    {
        // Without the bits of translation a match of states alone is one of the packet's state alone.
        const ConntrackStates Translated = ConntrackStates.SourceNat | ConntrackStates.DestinationNat;
        if (!cell.Parts.HasFlag(ConntrackParts.State) || (cell.States & Translated) != 0) return;
        var ranges = new List<FieldRange>();
        for (var state = TrackState.Invalid; state <= TrackState.Untracked; state++)
        {
            if (((int)cell.States >> (int)state & 1) != 0) ranges.Add(new((uint)state, (uint)state));
        }
        Restrict(PacketField.State, ranges, cell.Inverts.HasFlag(ConntrackParts.State));
    }

    /// <summary>The field must be in one of the ranges (not in any, where inverted), and in those that were asked for before.</summary>
    private void Restrict(PacketField field, IReadOnlyCollection<FieldRange> ranges, bool invert)
    {
        var wanted = Normal(ranges);
        if (invert) wanted = Complement(wanted);
        ref var known = ref _ranges[(int)field];
        if (known is not null) wanted = Intersect(known, wanted);
        known = wanted is [var only] && only == FieldRange.All ? null : wanted;
    }

    private static FieldRange[] Normal(IReadOnlyCollection<FieldRange> ranges)
    {
        if (ranges.Count <= 1) return [.. ranges];
        var result = new List<FieldRange>();
        foreach (var range in ranges.OrderBy(range => range.Low))
        {
            if (result.Count > 0 && (range.Low == 0 || range.Low - 1 <= result[^1].High)) result[^1] = new(result[^1].Low, Math.Max(result[^1].High, range.High));
            else result.Add(range);
        }
        return [.. result];
    }

    private static FieldRange[] Complement(FieldRange[] ranges)
    {
        var result = new List<FieldRange>();
        ulong next = 0;
        foreach (var range in ranges)
        {
            if (range.Low > next) result.Add(new((uint)next, range.Low - 1));
            next = (ulong)range.High + 1;
        }
        if (next <= uint.MaxValue) result.Add(new((uint)next, uint.MaxValue));
        return [.. result];
    }

    private static FieldRange[] Intersect(FieldRange[] first, FieldRange[] second)
    {
        var result = new List<FieldRange>();
        foreach (var a in first)
        {
            foreach (var b in second)
            {
                var low = Math.Max(a.Low, b.Low);
                var high = Math.Min(a.High, b.High);
                if (low <= high) result.Add(new(low, high));
            }
        }
        return [.. result.OrderBy(range => range.Low)];
    }
}
