using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images;

/// <summary>
/// The image after a change of one rule, made from the image before it: cells move up or down by one, and what names them with them. A rule that comes into a chain
/// with a classifier stands in a list of its own until the next whole build; one that goes is taken out of all lists.
/// </summary>
public sealed partial class ImageBuilder
{
    /// <summary>Rules that a classifier takes beside its trees.</summary>
    internal const int MostRecent = 32;

    // More than the cells of one rule and one more line of text.
    private const int MostAdded = 256;

    /// <summary>The room that an edited image takes at most.</summary>
    public static int RoomFor(ReadOnlySpan<Cell> live) => live.Length + MostAdded;

    /// <summary>Writes the edited image; null where the image must be built as a whole.</summary>
    /// <param name="live">The image before.</param>
    /// <param name="flags">Further flags, as for a whole build.</param>
    /// <param name="kind">The chain's table, which is in use.</param>
    /// <param name="place">The chain and the place in it.</param>
    /// <param name="rule">The rule that comes, with its counter slot; null: the one at the place goes.</param>
    /// <param name="patch">What becomes of the text.</param>
    /// <param name="room">Where the image is written: <see cref="RoomFor"/> cells, whatever they hold.</param>
    public static ImageFacts? Edit(ReadOnlySpan<Cell> live, uint flags, TableKind kind, RulePlace place, Rule? rule, TextPatch patch, Span<Cell> room)
    {
        var ruleset = Ruleset.Empty(Model.AddressFamily.IPv4);
        ruleset = ruleset.With(ruleset[kind] with { InUse = true });
        var header = RuleImage.HeaderOf(live);
        var count = (int)header.CellCount + (rule is null ? -1 : 1);
        var builder = new ImageBuilder(ruleset, new(live, header.Generation + 1), count) { _flags = header.Flags | flags };
        return builder.Edit(live, header, ruleset[kind], place, rule, patch, room);
    }

    /// <summary>The first cell of a chain: its classifier, its first rule or its end.</summary>
    private static uint StartOf(ReadOnlySpan<Cell> cells, RulePlace place)
    {
        var start = HeadsCell.Policies + 1;
        foreach (var count in place.CountsBefore) start += (uint)count + (cells[(int)start].Kind == CellKind.Classifier ? 2u : 1);
        return start;
    }

    private ImageFacts? Edit(ReadOnlySpan<Cell> image, HeaderCell header, Table table, RulePlace place, Rule? rule, TextPatch patch, Span<Cell> room)
    {
        var live = image[..(int)header.CellCount];
        var start = StartOf(live, place);
        var isClassified = live[(int)start].Kind == CellKind.Classifier;
        var at = start + (isClassified ? 1u : 0) + (uint)place.Index;
        if (rule is null ? !CanGo(live, at) : !isClassified && place.Count >= Classification.ClassifierBuilder.MostUnclassified) return null;
        if (rule?.Target is NatTarget && place.Hook is null) return null;
        var move = new Move(at, rule is null ? -1 : 1);
        var cells = room[.._first];
        live[..(int)at].CopyTo(cells);
        if (rule is null) live[((int)at + 1)..].CopyTo(cells[(int)at..]);
        else live[(int)at..].CopyTo(cells[((int)at + 1)..]);
        if (rule is not null) cells[(int)at] = default;
        var edited = header with
        {
            FirstSplit = (uint)(header.FirstSplit + move.By),
            FirstList = (uint)(header.FirstList + move.By),
            ListsEnd = (uint)(header.ListsEnd + move.By),
        };
        MoveRuns(cells, at, rule is not null, move);
        foreach (ref var split in cells[(int)edited.FirstSplit..(int)edited.FirstList]) MoveReferences(ref split, move);
        MoveLists(MemoryMarshal.Cast<Cell, uint>(cells[(int)edited.FirstList..(int)edited.ListsEnd]), move);
        if (rule is not null && !Place(cells, rule, table, place, start, at, isClassified)) return null;
        RoutesLocalTranslations = rule?.Target is NatTarget && place.Hook == Hook.Output;
        var count = _first + _cells.Count;
        var text = RuleImage.TextOf(image);
        var length = patch.LengthOf(text.Length);
        if (!Fits(count, length, out var total) || total > room.Length) return null;
        CollectionsMarshal.AsSpan(_cells).CopyTo(room[_first..]);
        patch.Apply(text, MemoryMarshal.AsBytes(room[count..]));
        Head(ref room[0], edited, count, length);
        return new(_flags & ~(RulesTrack | AddressTypes), _states.New, RoutesLocalTranslations);
    }

    /// <summary>A rule that asked for nothing beyond its own cells may go without a look at the others.</summary>
    private static bool CanGo(ReadOnlySpan<Cell> cells, uint at)
    {
        var rule = Unsafe.BitCast<Cell, RuleCell>(cells[(int)at]);
        if (rule.Kind != CellKind.Rule4 || rule.InterfaceCell != 0) return false;
        if (rule.Target is not (TargetKind.Continue or TargetKind.Accept or TargetKind.Drop or TargetKind.Return or TargetKind.Reject or TargetKind.Mark)) return false;
        foreach (ref readonly var match in cells.Slice((int)rule.MatchCell, rule.MatchCount))
        {
            if ((MatchKind)match.Kind is not (MatchKind.Multiport or MatchKind.Mark or MatchKind.Transport)) return false;
        }
        return true;
    }

    /// <summary>Heads, and all that rules and classifiers name.</summary>
    private static unsafe void MoveRuns(Span<Cell> cells, uint at, bool isNew, Move move)
    {
        ref var heads = ref Unsafe.As<Cell, HeadsCell>(ref cells[(int)HeadsCell.First]);
        ref var policies = ref Unsafe.As<Cell, HeadsCell>(ref cells[(int)HeadsCell.Policies]);
        for (var i = 0; i <= (int)BuiltInChain.FilterOutput; i++)
        {
            heads.Chains[i] = move.Start(heads.Chains[i]);
            policies.Chains[i] = move.Of(policies.Chains[i]);
        }
        for (var i = HeadsCell.Policies + 1; cells[(int)i].Kind != CellKind.None || (isNew && i == at); i++)
        {
            ref var cell = ref cells[(int)i];
            if (cell.Kind == CellKind.Rule4)
            {
                ref var rule = ref Unsafe.As<Cell, RuleCell>(ref cell);
                if (rule.MatchCount != 0) rule.MatchCell = move.Of(rule.MatchCell);
                if (rule.InterfaceCell != 0) rule.InterfaceCell = move.Of(rule.InterfaceCell);
                if (rule.Target is TargetKind.Jump or TargetKind.Goto) rule.Argument = move.Start(rule.Argument);
                else if (rule.Target is TargetKind.Log or TargetKind.Dnat or TargetKind.Snat or TargetKind.Masquerade or TargetKind.Redirect) rule.Argument = move.Of(rule.Argument);
            }
            else if (cell.Kind == CellKind.Classifier)
            {
                MoveReferences(ref cell, move);
                var recent = Unsafe.As<Cell, ClassifierCell>(ref cell).Roots[ClassifierCell.Recent];
                if (recent != 0) MoveList(ListAt(cells, recent), move);
            }
        }
    }

    private static unsafe void MoveReferences(ref Cell cell, Move move)
    {
        var isSplit = cell.Kind == CellKind.Split;
        fixed (Cell* pointer = &cell)
        {
            var references = isSplit ? ((SplitCell*)pointer)->Next : ((ClassifierCell*)pointer)->Roots;
            for (var i = 0; i < (isSplit ? SplitCell.Children : ClassifierCell.Trees); i++)
            {
                // Lists and splits all lie behind the runs.
                if ((references[i] & ClassifierCell.List) != 0) references[i] = (uint)(references[i] + move.By * CandidatesCell.Numbers);
                else if (references[i] != 0) references[i] = (uint)(references[i] + move.By);
            }
        }
    }

    private static void MoveLists(Span<uint> numbers, Move move)
    {
        for (var i = 0; i < numbers.Length && numbers[i] != 0;)
        {
            var list = numbers.Slice(i + 1, (int)numbers[i]);
            MoveList(list, move);
            i += list.Length + 1;
        }
    }

    /// <summary>A list keeps its length: instead of a rule that goes, the chain's end stands there once more.</summary>
    private static void MoveList(Span<uint> list, Move move)
    {
        var kept = 0;
        foreach (var cell in list)
        {
            if (move.By < 0 && cell == move.At) continue;
            list[kept++] = move.Of(cell);
        }
        if (kept < list.Length) list[kept..].Fill(list[kept - 1]);
    }

    private static Span<uint> ListAt(Span<Cell> cells, uint reference)
    {
        var numbers = MemoryMarshal.Cast<Cell, uint>(cells);
        var place = (int)(reference & ~ClassifierCell.List);
        return numbers.Slice(place, (int)numbers[place - 1]);
    }

    private bool Place(Span<Cell> cells, Rule rule, Table table, RulePlace place, uint start, uint at, bool isClassified)
    {
        var plan = ChainPlan.Of(_ruleset, int.MaxValue, this);
        var cell = RuleEncoder.Encode(rule, table, plan, this);
        if (Refusal is not null) return false;
        cells[(int)at] = Unsafe.BitCast<RuleCell, Cell>(cell);
        if (!isClassified) return true;
        uint recent;
        unsafe
        {
            recent = Unsafe.As<Cell, ClassifierCell>(ref cells[(int)start]).Roots[ClassifierCell.Recent];
        }
        var end = start + 2 + (uint)place.Count;
        List<uint> list = recent == 0 ? [end] : [.. ListAt(cells, recent)];
        // Behind rules that have gone the end stands more than once.
        while (list.Count > 1 && list[^2] == end) list.RemoveAt(list.Count - 1);
        if (list.Count > MostRecent) return false;
        list.Insert(~list.BinarySearch(at), at);
        var first = _cells.Count;
        CollectionsMarshal.SetCount(_cells, first + (list.Count + 1 + CandidatesCell.Numbers - 1) / CandidatesCell.Numbers);
        var added = CollectionsMarshal.AsSpan(_cells)[first..];
        added.Clear();
        var numbers = MemoryMarshal.Cast<Cell, uint>(added);
        numbers[0] = (uint)list.Count;
        CollectionsMarshal.AsSpan(list).CopyTo(numbers[1..]);
        unsafe
        {
            Unsafe.As<Cell, ClassifierCell>(ref cells[(int)start]).Roots[ClassifierCell.Recent] = ClassifierCell.List | (uint)((_first + first) * CandidatesCell.Numbers + 1);
        }
        return true;
    }

    /// <summary>Cells from a place on move by one.</summary>
    private readonly record struct Move(uint At, int By)
    {
        /// <summary>Where a cell is now. (Where one has come, that at its place has moved; where one has gone, nothing names it.)</summary>
        public uint Of(uint cell) => By > 0 ? cell >= At ? cell + 1 : cell : cell > At ? cell - 1 : cell;

        /// <summary>Where a chain begins now: what is put before its first rule belongs to it.</summary>
        public uint Start(uint cell) => cell > At ? (uint)(cell + By) : cell;
    }
}
