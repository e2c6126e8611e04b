using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Weir.DataPath.Image;

namespace Weir.Control.Images.Classification;

/// <summary>
/// Makes a chain's classifier: decision trees whose nodes part the packets by one field into up to eight intervals that hold about equally many range ends
/// (equi-dense cuts, as in HyperCuts and HyperSplit; Singh et al. 2003, Qi et al. 2009), and whose leaves are lists of rules. A rule whose ranges reach into several
/// intervals stands in several lists: their total is bounded, by longer lists where it must be. (To leave out what stands behind a rule that takes
/// everything would gain nothing, for the walk ends there, and such a rule could not go without a whole build.)
/// </summary>
internal sealed class ClassifierBuilder
{
    /// <summary>Chains up to this length are walked rule by rule.</summary>
    public const int MostUnclassified = 6;

    /// <summary>Lists of this length are not parted any more.</summary>
    private const int ShortList = 4;

    /// <summary>Numbers in the lists of a tree, for each of its rules.</summary>
    private const int Copies = 16;

    /// <summary>Rules that are looked at to choose where to part.</summary>
    private const int Sample = 1024;

    private static readonly PacketField[] s_fields = [.. Enumerable.Range(0, 16).Select(field => (PacketField)field)];

    private readonly ImageBuilder _image;
    private readonly uint _end;
    private readonly Dictionary<ListKey, uint> _lists = [];
    private readonly List<uint> _numbers;
    private readonly FieldRange[] _box = new FieldRange[16];

    private ClassifierBuilder(ImageBuilder image, uint end, List<uint> numbers)
    {
        _image = image;
        _end = end;
        _numbers = numbers;
        Array.Fill(_box, FieldRange.All);
    }

    /// <summary>The classifier of the rules from the cell after its own to the chain's end.</summary>
    /// <param name="image">Where splits go.</param>
    /// <param name="cells">The image's cells so far, those of the rules and what they refer to included.</param>
    /// <param name="first">The first rule's cell.</param>
    /// <param name="end">The cell of the chain's end.</param>
    /// <param name="numbers">Where lists go; references count from its beginning until <see cref="Place"/> moves them.</param>
    public static ClassifierCell Build(ImageBuilder image, ReadOnlySpan<Cell> cells, uint first, uint end, List<uint> numbers)
    {
        var groups = new List<ClassifiedRule>[ClassifierCell.Recent];
        for (var i = 0; i < groups.Length; i++) groups[i] = [];
        var result = new ClassifierCell { Kind = CellKind.Classifier };
        for (var cell = first; cell < end; cell++)
        {
            var rule = new ClassifiedRule(cell, cells);
            if (rule.HasNames) result.Names = 1;
            // Nothing is in no range at all.
            if (s_fields.Any(field => rule[field] is [])) continue;
            groups[(rule.IsNarrow(PacketField.Source) ? 0 : 1) + (rule.IsNarrow(PacketField.Destination) ? 0 : 2)].Add(rule);
        }
        var builder = new ClassifierBuilder(image, end, numbers);
        for (var i = 0; i < groups.Length; i++)
        {
            var rules = groups[i];
            var isOnly = i == 0 && groups.All(group => group.Count == 0);
            unsafe
            {
                if (rules.Count > 0 || isOnly) result.Roots[i] = builder.Part(rules, 0, (long)rules.Count * Copies + 64);
            }
        }
        return result;
    }

    /// <summary>Moves the references to lists of a classifier or of a split to where the lists begin.</summary>
    public static unsafe void Place(ref Cell cell, uint listsBegin)
    {
        if (cell.Kind == CellKind.Classifier)
        {
            ref var classifier = ref Unsafe.As<Cell, ClassifierCell>(ref cell);
            for (var i = 0; i < ClassifierCell.Trees; i++) Move(ref classifier.Roots[i]);
        }
        else if (cell.Kind == CellKind.Split)
        {
            ref var split = ref Unsafe.As<Cell, SplitCell>(ref cell);
            for (var i = 0; i < SplitCell.Children; i++) Move(ref split.Next[i]);
        }

        void Move(ref uint reference)
        {
            if ((reference & ClassifierCell.List) != 0) reference += listsBegin;
        }
    }

    /// <summary>A reference to what tells these rules apart within the box.</summary>
    private uint Part(List<ClassifiedRule> rules, int depth, long room)
    {
        if (rules.Count <= ShortList || depth == ClassifierCell.MaxDepth || FindCut(rules, room) is not { } cut) return List(rules);
        var children = Distribute(rules, cut);
        long total = 0;
        foreach (var child in children) total += child.Count;
        var split = new SplitCell { Kind = CellKind.Split, Field = cut.Field };
        var bounds = cut.Bounds;
        var outer = _box[(int)cut.Field];
        unsafe
        {
            for (var i = 0; i < SplitCell.Children; i++)
            {
                if (i < children.Length)
                {
                    var low = i == 0 ? outer.Low : bounds[i - 1];
                    var high = i == children.Length - 1 ? outer.High : bounds[i] - 1;
                    _box[(int)cut.Field] = new(low, high);
                    split.Next[i] = Part(children[i], depth + 1, room * children[i].Count / Math.Max(total, 1));
                }
                else
                {
                    split.Next[i] = split.Next[i - 1];
                }
                if (i < SplitCell.Children - 1) split.Bounds[i] = i < bounds.Length ? bounds[i] : bounds[^1];
            }
        }
        _box[(int)cut.Field] = outer;
        return _image.Append(split);
    }

    /// <summary>The field and the bounds that leave the fewest rules together; null where none is worth its room.</summary>
    private Cut? FindCut(List<ClassifiedRule> rules, long room)
    {
        var step = Math.Max(1, rules.Count / Sample);
        Cut? best = null;
        var bestCost = double.MaxValue;
        foreach (var field in s_fields)
        {
            var ends = EndsOf(rules, field, step);
            if (ends.Count == 0) continue;
            ends.Sort();
            var bounds = new List<uint>();
            for (var i = 0; i < SplitCell.Children - 1; i++)
            {
                // The first and the last end set apart at once what no rule asks for; few ends are all bounds.
                var bound = ends[(int)((long)(ends.Count - 1) * i / (SplitCell.Children - 2))];
                if (bounds.Count == 0 || bounds[^1] != bound) bounds.Add(bound);
            }
            if (bounds.Count < SplitCell.Children - 1 && Distinct(ends) is { Count: < SplitCell.Children } all) bounds = all;
            var cut = new Cut(field, [.. bounds]);
            var (most, total, seen) = Weigh(rules, cut, step);
            if (most >= seen || (double)total / seen * rules.Count > room) continue;
            var cost = most + (double)total / (bounds.Count + 1);
            if (cost >= bestCost) continue;
            bestCost = cost;
            best = cut;
        }
        return best;
    }

    /// <summary>Where the rules' ranges begin, and behind where they end, inside the box.</summary>
    private List<uint> EndsOf(List<ClassifiedRule> rules, PacketField field, int step)
    {
        var ends = new List<uint>();
        var box = _box[(int)field];
        for (var i = 0; i < rules.Count; i += step)
        {
            if (rules[i][field] is not { } ranges) continue;
            foreach (var range in ranges)
            {
                if (range.Low > box.Low && range.Low <= box.High) ends.Add(range.Low);
                if (range.High < box.High && range.High >= box.Low) ends.Add(range.High + 1);
            }
        }
        return ends;
    }

    private static List<uint> Distinct(List<uint> sorted)
    {
        var result = new List<uint>();
        foreach (var end in sorted)
        {
            if (result.Count == 0 || result[^1] != end) result.Add(end);
            if (result.Count == SplitCell.Children) break;
        }
        return result;
    }

    private (int Most, int Total, int Seen) Weigh(List<ClassifiedRule> rules, Cut cut, int step)
    {
        Span<int> counts = stackalloc int[SplitCell.Children];
        counts.Clear();
        var seen = 0;
        for (var i = 0; i < rules.Count; i += step)
        {
            seen++;
            var children = ChildrenOf(rules[i], cut);
            for (var child = 0; children != 0; child++, children >>= 1) counts[child] += (int)(children & 1);
        }
        int most = 0, total = 0;
        foreach (var count in counts)
        {
            most = Math.Max(most, count);
            total += count;
        }
        return (most, total, seen);
    }

    private List<ClassifiedRule>[] Distribute(List<ClassifiedRule> rules, Cut cut)
    {
        var result = new List<ClassifiedRule>[cut.Bounds.Length + 1];
        for (var i = 0; i < result.Length; i++) result[i] = [];
        foreach (var rule in rules)
        {
            var children = ChildrenOf(rule, cut);
            for (var child = 0; children != 0; child++, children >>= 1)
            {
                if ((children & 1) != 0) result[child].Add(rule);
            }
        }
        return result;
    }

    /// <summary>A bit for each child that some of the rule's packets go to.</summary>
    private uint ChildrenOf(ClassifiedRule rule, Cut cut)
    {
        var every = (1u << (cut.Bounds.Length + 1)) - 1;
        if (rule[cut.Field] is not { } ranges) return every;
        var box = _box[(int)cut.Field];
        uint result = 0;
        foreach (var range in ranges)
        {
            if (range.High < box.Low || range.Low > box.High) continue;
            var first = ChildOf(Math.Max(range.Low, box.Low), cut.Bounds);
            var last = ChildOf(Math.Min(range.High, box.High), cut.Bounds);
            result |= ((1u << (last + 1)) - 1) & ~((1u << first) - 1);
        }
        return result;
    }

    private static int ChildOf(uint value, uint[] bounds)
    {
        var child = 0;
        while (child < bounds.Length && value >= bounds[child]) child++;
        return child;
    }

    /// <summary>A reference to the list of these rules; equal ones share it.</summary>
    private uint List(List<ClassifiedRule> rules)
    {
        var key = new ListKey(rules.ConvertAll(rule => rule.Cell));
        ref var reference = ref CollectionsMarshal.GetValueRefOrAddDefault(_lists, key, out var exists);
        if (!exists)
        {
            _numbers.Add((uint)rules.Count + 1);
            reference = ClassifierCell.List | (uint)_numbers.Count;
            _numbers.AddRange(key.Cells);
            _numbers.Add(_end);
        }
        return reference;
    }

    private readonly record struct Cut(PacketField Field, uint[] Bounds);

    private readonly struct ListKey(List<uint> cells) : IEquatable<ListKey>
    {
        public List<uint> Cells { get; } = cells;

        public bool Equals(ListKey other) => CollectionsMarshal.AsSpan(Cells).SequenceEqual(CollectionsMarshal.AsSpan(other.Cells));

        public override bool Equals(object? obj) => obj is ListKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.AddBytes(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(Cells)));
            return hash.ToHashCode();
        }
    }
}
