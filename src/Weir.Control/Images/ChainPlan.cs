using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Control.Images;

/// <summary>Where each chain's run begins, from which hooks it is reached, and whether the jumps end.</summary>
internal sealed class ChainPlan
{
    /// <summary>Jumps that may be open at once (the data path's stack of return places).</summary>
    public const int MaxDepth = DataPath.Scratch.Depth;

    private readonly Dictionary<(TableKind, string), Entry> _chains = [];
    private readonly int _mostUnclassified;

    private ChainPlan(int mostUnclassified) => _mostUnclassified = mostUnclassified;

    /// <summary>The cell behind the empty one that ends the runs.</summary>
    public uint FirstFreeCell { get; private set; }

    /// <summary>The plan of a rule set whose chains up to some length have no classifier.</summary>
    public static ChainPlan Of(Ruleset ruleset, int mostUnclassified, ImageBuilder builder)
    {
        var plan = new ChainPlan(mostUnclassified);
        var next = HeadsCell.Policies + 1;
        foreach (var table in ruleset.Tables)
        {
            if (!table.InUse) continue;
            foreach (var chain in table.Chains)
            {
                plan._chains.Add((table.Kind, chain.Name), new(chain, next));
                next += (uint)chain.Rules.Length + (plan.HasClassifier(chain) ? 2u : 1);
            }
            foreach (var chain in table.Chains)
            {
                if (chain.Hook is { } hook) plan.Follow(table, chain, hook, 0, builder);
            }
        }
        plan.FirstFreeCell = next + 1;
        return plan;
    }

    /// <summary>Whether a classifier stands before the chain's first rule.</summary>
    public bool HasClassifier(Chain chain) => chain.Rules.Length > _mostUnclassified;

    public uint StartOf(Table table, string chain) => _chains.TryGetValue((table.Kind, chain), out var entry) ? entry.Start : 0;

    /// <summary>The hooks whose built-in chains lead to this chain.</summary>
    public HashSet<Hook> HooksOf(Table table, string chain) => _chains[(table.Kind, chain)].Hooks;

    public static BuiltInChain IndexOf(TableKind table, Hook hook) => (table, hook) switch
    {
        (TableKind.Raw, Hook.Prerouting) => BuiltInChain.RawPrerouting,
        (TableKind.Raw, Hook.Output) => BuiltInChain.RawOutput,
        (TableKind.Mangle, Hook.Prerouting) => BuiltInChain.ManglePrerouting,
        (TableKind.Mangle, Hook.Input) => BuiltInChain.MangleInput,
        (TableKind.Mangle, Hook.Forward) => BuiltInChain.MangleForward,
        (TableKind.Mangle, Hook.Output) => BuiltInChain.MangleOutput,
        (TableKind.Mangle, Hook.Postrouting) => BuiltInChain.ManglePostrouting,
        (TableKind.Nat, Hook.Prerouting) => BuiltInChain.NatPrerouting,
        (TableKind.Nat, Hook.Input) => BuiltInChain.NatInput,
        (TableKind.Nat, Hook.Output) => BuiltInChain.NatOutput,
        (TableKind.Nat, Hook.Postrouting) => BuiltInChain.NatPostrouting,
        (TableKind.Filter, Hook.Input) => BuiltInChain.FilterInput,
        (TableKind.Filter, Hook.Forward) => BuiltInChain.FilterForward,
        (TableKind.Filter, Hook.Output) => BuiltInChain.FilterOutput,
        _ => throw new ArgumentException($"the table {table.Name()} has no chain at {hook}"),
    };

    private void Follow(Table table, Chain chain, Hook hook, int depth, ImageBuilder builder)
    {
        var entry = _chains[(table.Kind, chain.Name)];
        if (entry.IsOpen)
        {
            // The kernel's ELOOP.
            builder.Refuse(ChangeStatus.Failed, "Too many levels of symbolic links");
            return;
        }
        // Walked again only where it is reached more deeply or from another hook.
        if (!entry.Hooks.Add(hook) && depth <= entry.Depth) return;
        entry.Depth = Math.Max(entry.Depth, depth);
        if (depth > MaxDepth)
        {
            builder.Refuse(ChangeStatus.DoesNotFit, $"jumps in table {table.Kind.Name()} are more than {MaxDepth} levels deep");
            return;
        }
        entry.IsOpen = true;
        foreach (var rule in chain.Rules)
        {
            if (rule.Target is not ChainTarget target || !_chains.TryGetValue((table.Kind, target.Chain), out var next)) continue;
            Follow(table, next.Chain, hook, target.IsGoto ? depth : depth + 1, builder);
            if (builder.Refusal is not null) return;
        }
        entry.IsOpen = false;
    }

    private sealed class Entry(Chain chain, uint start)
    {
        public Chain Chain { get; } = chain;

        public uint Start { get; } = start;

        public HashSet<Hook> Hooks { get; } = [];

        public int Depth { get; set; }

        public bool IsOpen { get; set; }
    }
}
