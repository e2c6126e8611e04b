using System.Collections.Immutable;
using Weir.Model.Rules;

namespace Weir.Control.Rules;

/// <summary>
/// Gives rules and policies their counter slots. What a slot shows is what the data path has counted in it plus an offset; the offset is what the
/// stored rule set has as <see cref="Rule.Counters"/>. So setting counters changes the offset only, and no packet that is counted meanwhile is lost.
/// </summary>
internal sealed class SlotAssignment
{
    private readonly Dictionary<int, Counters> _offsets = [];
    private readonly Dictionary<int, Counters> _read = [];
    private readonly HashSet<int> _given = [];
    private readonly Func<int, Counters> _counted;
    private int _next = 1;

    private SlotAssignment(Func<int, Counters> counted) => _counted = counted;

    /// <summary>The rule set to store for <paramref name="changed"/>, every rule and policy with its slot.</summary>
    /// <param name="stored">The stored rule set, with offsets.</param>
    /// <param name="read">The same with the counters that the change has seen.</param>
    /// <param name="changed">What the change made of it.</param>
    /// <param name="counted">What the data path has counted in a slot that no rule has now.</param>
    public static Ruleset Assign(Ruleset stored, Ruleset read, Ruleset changed, Func<int, Counters> counted)
    {
        var assignment = new SlotAssignment(counted);
        Collect(stored, assignment._offsets);
        Collect(read, assignment._read);
        return Map(changed, assignment.Assign);
    }

    /// <summary>A copy in which every counted thing has the counters (and slot) that the function gives.</summary>
    public static Ruleset Map(Ruleset ruleset, Func<int, Counters, (int Slot, Counters Counters)> function)
    {
        foreach (var table in ruleset.Tables)
        {
            var chains = ImmutableArray.CreateBuilder<Chain>(table.Chains.Length);
            foreach (var chain in table.Chains)
            {
                var rules = ImmutableArray.CreateBuilder<Rule>(chain.Rules.Length);
                foreach (var rule in chain.Rules)
                {
                    var (slot, counters) = function(rule.Slot, rule.Counters);
                    rules.Add(rule with { Slot = slot, Counters = counters });
                }
                var copy = chain with { Rules = rules.MoveToImmutable() };
                if (chain.IsBuiltIn)
                {
                    var (slot, counters) = function(chain.Slot, chain.Counters);
                    copy = copy with { Slot = slot, Counters = counters };
                }
                chains.Add(copy);
            }
            ruleset = ruleset.With(table with { Chains = chains.MoveToImmutable() });
        }
        return ruleset;
    }

    private static void Collect(Ruleset ruleset, Dictionary<int, Counters> into)
    {
        foreach (var table in ruleset.Tables)
        {
            foreach (var chain in table.Chains)
            {
                if (chain.Slot != 0) into[chain.Slot] = chain.Counters;
                foreach (var rule in chain.Rules)
                {
                    if (rule.Slot != 0) into[rule.Slot] = rule.Counters;
                }
            }
        }
    }

    private (int Slot, Counters Counters) Assign(int slot, Counters counters)
    {
        // A slot that the old rule set has is kept once; a copied rule is a new one.
        if (slot != 0 && _offsets.TryGetValue(slot, out var offset) && _given.Add(slot)) return (slot, offset + (counters - _read[slot]));
        // A slot that becomes free with this change is still counted in by packets that walk the old image: it is given by the next change at the earliest.
        while (_offsets.ContainsKey(_next)) _next++;
        var free = _next++;
        return (free, counters - _counted(free));
    }
}
