using System.Runtime.CompilerServices;
using Weir.DataPath.Image;
using Weir.Model.Rules;

namespace Weir.Control.Images;

/// <summary>The match cells of one rule, in the rule's order, until they can be written one behind the other.</summary>
internal sealed class MatchList(Rule rule, ImageBuilder builder)
{
    private readonly List<Cell> _cells = [];
    private int _states;

    public Rule Rule { get; } = rule;

    public ImageBuilder Builder { get; } = builder;

    /// <summary>Whether the rule's own cell can still take a transport condition. It is looked at first, so nothing that counts or draws lots may
    /// stand before it: such a match must not see packets that an earlier condition keeps out, nor miss those that a later one does.</summary>
    public bool CanUseRuleCell => _states == 0 && !HasRandom;

    public bool HasRandom { get; set; }

    public void Add<T>(T cell)
        where T : unmanaged => _cells.Add(Unsafe.BitCast<T, Cell>(cell));

    /// <summary>The state slot of the rule's next stateful match.</summary>
    public uint TakeState(MatchKind kind) => Builder.TakeState(Rule.Slot, _states++, kind);

    public (uint First, ushort Count) Write()
    {
        if (_cells.Count == 0) return (0, 0);
        uint first = 0;
        for (var i = 0; i < _cells.Count; i++)
        {
            var at = Builder.Append(_cells[i]);
            if (i == 0) first = at;
        }
        if (_cells.Count > MaxMatches) Builder.Refuse(ChangeStatus.DoesNotFit, $"a rule has more than {MaxMatches} matches");
        return (first, (ushort)_cells.Count);
    }

    /// <summary>Match cells that the data path's loop looks at.</summary>
    public const int MaxMatches = 32;
}
