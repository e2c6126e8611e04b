using Weir.Control.Rules;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Control.Tests.Rules;

public sealed class SlotAssignmentTests
{
    private static readonly Ruleset s_empty = Ruleset.Empty(AddressFamily.IPv4);

    [Fact]
    public void A_rule_that_is_not_touched_keeps_slot_and_offset()
    {
        var stored = With(new Rule(AddressFamily.IPv4) { Slot = 5, Counters = new(10, 100) });
        var read = With(new Rule(AddressFamily.IPv4) { Slot = 5, Counters = new(17, 170) });
        var result = SlotAssignment.Assign(stored, read, read, _ => default);
        Assert.Equal((5, new Counters(10, 100)), Of(result, 0));
    }

    [Fact]
    public void Zeroing_takes_away_what_was_read_and_nothing_else()
    {
        var stored = With(new Rule(AddressFamily.IPv4) { Slot = 5 });
        var read = With(new Rule(AddressFamily.IPv4) { Slot = 5, Counters = new(7, 70) });
        var result = SlotAssignment.Assign(stored, read, With(new Rule(AddressFamily.IPv4) { Slot = 5 }), _ => default);
        // The data path has counted 9 by now: 2 packets came since.
        Assert.Equal(new Counters(2, 20), Of(result, 0).Counters + new Counters(9, 90));
    }

    [Fact]
    public void A_new_rule_starts_where_it_says_in_a_slot_that_was_free_before()
    {
        var stored = With(new Rule(AddressFamily.IPv4) { Slot = 1 });
        var result = SlotAssignment.Assign(stored, stored, With(new Rule(AddressFamily.IPv4) { Counters = new(3, 30) }), _ => new(40, 400));
        Assert.NotEqual(1, Of(result, 0).Slot);
        Assert.Equal(new Counters(3, 30), Of(result, 0).Counters + new Counters(40, 400));
    }

    [Fact]
    public void A_slot_is_given_once()
    {
        var rule = new Rule(AddressFamily.IPv4) { Slot = 1 };
        var stored = With(rule);
        var result = SlotAssignment.Assign(stored, stored, With(rule, rule), _ => default);
        Assert.Equal(1, Of(result, 0).Slot);
        Assert.NotEqual(1, Of(result, 1).Slot);
    }

    private static Ruleset With(params Rule[] rules)
    {
        var table = s_empty[TableKind.Filter];
        return s_empty.With(table with { Chains = [table.Chains[0] with { Rules = [.. rules] }, .. table.Chains.Skip(1)] });
    }

    private static (int Slot, Counters Counters) Of(Ruleset ruleset, int index)
    {
        var rule = ruleset[TableKind.Filter].Chains[0].Rules[index];
        return (rule.Slot, rule.Counters);
    }
}
