using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Weir.Control.Images.Classification;
using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images;

/// <summary>
/// Makes the image of a rule set: header, heads, policies, the runs of all chains, an empty cell, then the cells that rules refer to, then the text. What the
/// data path cannot do is refused: a rule is never accepted and not applied.
/// </summary>
public sealed partial class ImageBuilder
{
    /// <summary>Most cells of an image: 64 MiB.</summary>
    public const int MaxCells = 1 << 20;

    /// <summary>A flag of the header only: the rules need tracking, whether services are there or not.</summary>
    internal const uint RulesTrack = 1 << 15;

    /// <summary>A flag of the header only: rules ask for the types of addresses.</summary>
    internal const uint AddressTypes = 1 << 14;

    private readonly Ruleset _ruleset;
    private readonly StateSlots _states;
    private readonly List<Cell> _cells = [];

    /// <summary>The index of the first of <see cref="_cells"/>: those before it are not the builder's (an edit copies them).</summary>
    private readonly int _first;
    private readonly Dictionary<InterfaceKey, uint> _interfaces = [];
    private uint _flags = ActiveImage.Loaded;

    private ImageBuilder(Ruleset ruleset, StateSlots states, int first = 0)
    {
        _ruleset = ruleset;
        _states = states;
        _first = first;
    }

    internal Refusal? Refusal { get; private set; }

    private bool RoutesLocalTranslations { get; set; }

    /// <summary>Builds the image; null and why not where the data path cannot do what the rules ask for.</summary>
    /// <param name="ruleset">Every rule and policy has its counter slot.</param>
    /// <param name="live">The cells of the live image (rules keep their states), or none.</param>
    /// <param name="generation">The new image's generation.</param>
    /// <param name="flags">Further flags of the image: <see cref="ActiveImage.Services"/> and what comes with it.</param>
    /// <param name="text">The text that says everything about the rules.</param>
    /// <param name="refusal">Why there is no image.</param>
    public static RuleImage? Build(Ruleset ruleset, ReadOnlySpan<Cell> live, ulong generation, uint flags, string text, out Refusal? refusal) =>
        Build(ruleset, live, generation, flags, text, ClassifierBuilder.MostUnclassified, out refusal);

    /// <summary>The same; chains up to <paramref name="mostUnclassified"/> rules are walked rule by rule.</summary>
    internal static RuleImage? Build(Ruleset ruleset, ReadOnlySpan<Cell> live, ulong generation, uint flags, string text, int mostUnclassified, out Refusal? refusal)
    {
        var builder = new ImageBuilder(ruleset, new(live, generation)) { _flags = ActiveImage.Loaded | flags };
        var image = builder.Build(generation, text, mostUnclassified);
        refusal = builder.Refusal;
        return refusal is null ? image : null;
    }

    /// <summary>An image without tables and text.</summary>
    public static RuleImage Empty()
    {
        var cells = new Cell[2];
        cells[0] = Unsafe.BitCast<HeaderCell, Cell>(new()
        {
            Magic = HeaderCell.MagicValue,
            Version = HeaderCell.VersionValue,
            Flags = ActiveImage.Loaded,
            CellCount = 2,
            TextCell = 2,
        });
        return new(cells, ActiveImage.Loaded, [], false);
    }

    /// <summary>The same rules with other flags (services came or went).</summary>
    public static RuleImage WithFlags(ReadOnlySpan<Cell> live, uint set, uint clear)
    {
        var cells = live.ToArray();
        ref var header = ref MemoryMarshal.Cast<Cell, HeaderCell>(cells.AsSpan())[0];
        header.Flags = header.Flags & ~clear | set;
        return new(cells, header.Flags & ~(RulesTrack | AddressTypes), [], false);
    }

    internal void Refuse(ChangeStatus status, string reason) => Refusal ??= new(status, reason);

    internal void NotSupported(string reason) => Refuse(ChangeStatus.NotSupported, reason);

    internal void NeedAddressTypes() => _flags |= AddressTypes;

    internal void NeedLinkHeaders() => _flags |= ActiveImage.LinkHeaders;

    internal void NeedTracking() => _flags |= ActiveImage.Tracking | RulesTrack;

    /// <summary>Appends a cell that rules refer to.</summary>
    internal uint Append<T>(T cell)
        where T : unmanaged
    {
        _cells.Add(Unsafe.BitCast<T, Cell>(cell));
        return (uint)(_first + _cells.Count - 1);
    }

    internal uint TakeState(int counterSlot, int ordinal, MatchKind kind)
    {
        var slot = _states.Take((uint)counterSlot, ordinal, kind);
        if (slot == 0) Refuse(ChangeStatus.DoesNotFit, "there are too many rules with limit, statistic or connlimit");
        return slot;
    }

    /// <summary>The cell of a rule's device names; equal ones share it.</summary>
    internal uint InterfaceCellOf(InterfacePattern input, InterfacePattern output)
    {
        if (input.IsAny && output.IsAny) return 0;
        _flags |= ActiveImage.DeviceNames;
        ref var cell = ref CollectionsMarshal.GetValueRefOrAddDefault(_interfaces, new(input.Text, output.Text), out var exists);
        if (!exists) cell = Append(InterfaceEncoder.Encode(input, output));
        return cell;
    }

    private RuleImage? Build(ulong generation, string text, int mostUnclassified)
    {
        if (_ruleset.Family != Model.AddressFamily.IPv4)
        {
            NotSupported("IPv6 rules are not supported yet");
            return null;
        }
        var plan = ChainPlan.Of(_ruleset, mostUnclassified, this);
        if (Refusal is not null) return null;
        CollectionsMarshal.SetCount(_cells, (int)plan.FirstFreeCell);
        CollectionsMarshal.AsSpan(_cells).Clear();
        var heads = default(HeadsCell);
        var policies = default(HeadsCell);
        foreach (var table in _ruleset.Tables)
        {
            if (!table.InUse) continue;
            if (table.Kind == TableKind.Nat) NeedTracking();
            foreach (var chain in table.Chains)
            {
                var start = plan.StartOf(table, chain.Name);
                if (chain.Hook is { } hook)
                {
                    var index = (int)ChainPlan.IndexOf(table.Kind, hook);
                    unsafe
                    {
                        heads.Chains[index] = start;
                        policies.Chains[index] = start + (uint)chain.Rules.Length + (plan.HasClassifier(chain) ? 1u : 0);
                    }
                    _flags |= 1u << (ActiveImage.ChainShift + index);
                }
                EncodeChain(table, chain, start, plan);
                if (Refusal is not null) return null;
            }
        }
        _cells[(int)HeadsCell.First] = Unsafe.BitCast<HeadsCell, Cell>(heads);
        _cells[(int)HeadsCell.Policies] = Unsafe.BitCast<HeadsCell, Cell>(policies);
        return Finish(Classify(plan) with { Generation = generation }, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Makes the classifiers of long chains; their lists come last. Gives where they lie.</summary>
    private HeaderCell Classify(ChainPlan plan)
    {
        var numbers = new List<uint>();
        var classifiers = new List<int>();
        var splits = _cells.Count;
        foreach (var table in _ruleset.Tables)
        {
            if (!table.InUse) continue;
            foreach (var chain in table.Chains)
            {
                if (!plan.HasClassifier(chain)) continue;
                var start = plan.StartOf(table, chain.Name);
                var classifier = ClassifierBuilder.Build(this, CollectionsMarshal.AsSpan(_cells), start + 1, start + 1 + (uint)chain.Rules.Length, numbers);
                _cells[(int)start] = Unsafe.BitCast<ClassifierCell, Cell>(classifier);
                classifiers.Add((int)start);
            }
        }
        var lists = _cells.Count;
        var all = CollectionsMarshal.AsSpan(_cells);
        foreach (var cell in classifiers) ClassifierBuilder.Place(ref all[cell], (uint)lists * CandidatesCell.Numbers);
        foreach (ref var cell in all[splits..]) ClassifierBuilder.Place(ref cell, (uint)lists * CandidatesCell.Numbers);
        CollectionsMarshal.SetCount(_cells, lists + (numbers.Count + CandidatesCell.Numbers - 1) / CandidatesCell.Numbers);
        var room = CollectionsMarshal.AsSpan(_cells)[lists..];
        room.Clear();
        CollectionsMarshal.AsSpan(numbers).CopyTo(MemoryMarshal.Cast<Cell, uint>(room));
        return new() { FirstSplit = (uint)splits, FirstList = (uint)lists, ListsEnd = (uint)_cells.Count };
    }

    private void EncodeChain(Table table, Chain chain, uint start, ChainPlan plan)
    {
        if (plan.HasClassifier(chain)) start++;
        foreach (var rule in chain.Rules)
        {
            var cell = RuleEncoder.Encode(rule, table, plan, this);
            if (rule.Target is NatTarget && plan.HooksOf(table, chain.Name).Contains(Hook.Output)) RoutesLocalTranslations = true;
            _cells[(int)start++] = Unsafe.BitCast<RuleCell, Cell>(cell);
        }
        var end = new RuleCell { Kind = chain.IsBuiltIn ? CellKind.Policy : CellKind.End };
        if (chain.IsBuiltIn)
        {
            end.Target = chain.Policy == Policy.Accept ? TargetKind.Accept : TargetKind.Drop;
            end.CounterSlot = (uint)chain.Slot;
        }
        _cells[(int)start] = Unsafe.BitCast<RuleCell, Cell>(end);
    }

    private RuleImage? Finish(HeaderCell header, byte[] text)
    {
        if (!Fits(_cells.Count, text.Length, out var total)) return null;
        var cells = new Cell[total];
        CollectionsMarshal.AsSpan(_cells).CopyTo(cells);
        text.CopyTo(MemoryMarshal.AsBytes(cells.AsSpan(_cells.Count)));
        Head(ref cells[0], header, _cells.Count, text.Length);
        return new(cells, _flags & ~(RulesTrack | AddressTypes), _states.New, RoutesLocalTranslations);
    }

    private bool Fits(int cells, int text, out int total)
    {
        total = cells + (text + Cell.Size - 1) / Cell.Size;
        if (total > MaxCells) Refuse(ChangeStatus.DoesNotFit, $"the rules take {total} cells of 64 bytes; an image has at most {MaxCells}");
        return total <= MaxCells;
    }

    private void Head(ref Cell first, HeaderCell header, int cells, int text) => first = Unsafe.BitCast<HeaderCell, Cell>(header with
    {
        Magic = HeaderCell.MagicValue,
        Version = HeaderCell.VersionValue,
        Flags = _flags,
        CellCount = (uint)cells,
        TextCell = (uint)cells,
        TextLength = (uint)text,
    });

    private readonly record struct InterfaceKey(string Input, string Output);
}
