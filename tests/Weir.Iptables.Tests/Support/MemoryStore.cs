using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Iptables.Tests.Support;

/// <summary>A store in memory that gives slots and keeps live counters as the contract of <see cref="IRulesetStore"/> says.</summary>
internal sealed class MemoryStore : IRulesetStore
{
    private readonly Dictionary<int, Counters> _live = [];
    private Ruleset _ruleset = Ruleset.Empty(AddressFamily.IPv4);
    private int _lastSlot;

    public MemoryStore() => Commit(_ruleset, _ruleset);

    public bool IsLocked { get; set; }

    public ChangeResult? Refusal { get; set; }

    public int Commits { get; private set; }

    /// <summary>Called between reading and committing: packets arrive meanwhile.</summary>
    public Action? Meanwhile { get; set; }

    public Ruleset Read(AddressFamily family)
    {
        var ruleset = _ruleset;
        foreach (var table in _ruleset.Tables)
        {
            ruleset = ruleset.With(table with
            {
                Chains =
                [
                    .. table.Chains.Select(chain => chain with
                    {
                        Counters = _live.GetValueOrDefault(chain.Slot),
                        Rules = [.. chain.Rules.Select(rule => rule with { Counters = _live[rule.Slot] })],
                    }),
                ],
            });
        }
        return ruleset;
    }

    public ChangeResult Change(AddressFamily family, LockWait wait, Func<Ruleset, Ruleset?> change)
    {
        if (IsLocked) return ChangeResult.LockBusy("/run/xtables.lock");
        var read = Read(family);
        var changed = change(read);
        Meanwhile?.Invoke();
        if (changed is null) return ChangeResult.Unchanged;
        if (Refusal is not null) return Refusal;
        Commit(read, changed);
        Commits++;
        return ChangeResult.Committed;
    }

    /// <summary>Counts a packet for a slot.</summary>
    public void Count(int slot, ulong bytes) => _live[slot] += new Counters(1, bytes);

    private void Commit(Ruleset read, Ruleset changed)
    {
        var before = new Dictionary<int, Counters>();
        foreach (var chain in read.Tables.SelectMany(table => table.Chains))
        {
            if (chain.Slot != 0) before[chain.Slot] = chain.Counters;
            foreach (var rule in chain.Rules) before[rule.Slot] = rule.Counters;
        }
        var kept = new HashSet<int>();
        foreach (var table in changed.Tables)
        {
            changed = changed.With(table with
            {
                Chains =
                [
                    .. table.Chains.Select(chain => chain with
                    {
                        Slot = chain.IsBuiltIn ? Slot(chain.Slot, chain.Counters) : 0,
                        Rules = [.. chain.Rules.Select(rule => rule with { Slot = Slot(rule.Slot, rule.Counters) })],
                    }),
                ],
            });
        }
        foreach (var slot in _live.Keys.Where(slot => !kept.Contains(slot)).ToList()) _live.Remove(slot);
        _ruleset = changed;

        int Slot(int slot, Counters counters)
        {
            if (slot == 0)
            {
                slot = ++_lastSlot;
                _live[slot] = counters;
            }
            else
            {
                _live[slot] += counters - before[slot];
            }
            Assert.True(kept.Add(slot), "a slot is used twice");
            return slot;
        }
    }
}
