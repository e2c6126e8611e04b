using System.Runtime.InteropServices;
using Weir.DataPath.Image;

namespace Weir.Control.Images;

/// <summary>
/// The state slots of an image, by the rule that has them. A rule is known by its counter slot, so a state stays with its rule through every other
/// change; the slots in use are those that the live image names, so nothing else has to be kept.
/// </summary>
internal sealed class StateSlots
{
    /// <summary>Slots in all (<see cref="DataPath.Maps.RuleStates"/>; connlimit's members have 16 bits for one). Slot 0 is not given.</summary>
    public const uint Count = 65536;

    private readonly Dictionary<uint, List<(MatchKind Kind, uint Slot)>> _old = [];
    private readonly HashSet<uint> _used = [];
    private readonly List<uint> _new = [];
    private uint _next;

    /// <summary>Takes over what the live image has; <paramref name="generation"/> says where looking for free slots starts, so that a slot
    /// that has just become free, to which flows may still refer, is not given again soon.</summary>
    public StateSlots(ReadOnlySpan<Cell> live, ulong generation)
    {
        _next = (uint)(generation * 64 % Count);
        if (live.IsEmpty) return;
        var count = (int)Math.Min(RuleImage.HeaderOf(live).CellCount, (uint)live.Length);
        foreach (ref readonly var rule in RuleImage.RunsOf(live))
        {
            if (rule.Kind is not CellKind.Rule4) continue;
            for (var j = 0; j < rule.MatchCount && rule.MatchCell + j < count; j++)
            {
                if (SlotOf(live[(int)rule.MatchCell + j]) is not (var kind, var slot)) continue;
                ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_old, rule.CounterSlot, out _);
                (list ??= []).Add((kind, slot));
                _used.Add(slot);
            }
        }
    }

    /// <summary>Slots given now that no rule had before.</summary>
    public IReadOnlyList<uint> New => _new;

    /// <summary>The slot of a rule's <paramref name="ordinal"/>-th stateful match: the one it had, or a free one; 0: there is none.</summary>
    public uint Take(uint counterSlot, int ordinal, MatchKind kind)
    {
        if (_old.TryGetValue(counterSlot, out var old) && ordinal < old.Count && old[ordinal].Kind == kind) return old[ordinal].Slot;
        for (uint i = 0; i < Count; i++)
        {
            var slot = _next;
            _next = (_next + 1) % Count;
            if (slot == 0 || !_used.Add(slot)) continue;
            _new.Add(slot);
            return slot;
        }
        return 0;
    }

    private static (MatchKind, uint)? SlotOf(in Cell cell)
    {
        var kind = (MatchKind)(byte)cell.Kind;
        return kind is MatchKind.StatisticNth or MatchKind.Limit or MatchKind.ConnLimit
            ? (kind, MemoryMarshal.Cast<Cell, LimitMatchCell>(new ReadOnlySpan<Cell>(in cell))[0].StateSlot)
            : null;
    }
}
