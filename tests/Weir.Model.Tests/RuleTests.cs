using Weir.Model.Rules;
using Weir.Model.Rules.Matches;
using Weir.Model.Rules.Targets;

namespace Weir.Model.Tests;

public sealed class RuleTests
{
    private static readonly Rule Plain = new(AddressFamily.IPv4);

    public static TheoryData<Rule> Conditions => new(
        Plain with { Source = AddressMask.Prefix(Address.Parse("10.0.0.0"), 8) },
        Plain with { Destination = AddressMask.Prefix(Address.Parse("10.0.0.0"), 8) },
        Plain with { InvertSource = true },
        Plain with { InInterface = new("+") },
        Plain with { OutInterface = new("eth0") },
        Plain with { Protocol = 6 },
        Plain with { Fragment = true },
        Plain with { Matches = [new CommentMatch("x")] });

    [Theory]
    [MemberData(nameof(Conditions))]
    public void AnyCondition_MakesARuleConditional(Rule rule)
    {
        Assert.False(rule.IsUnconditional);
        Assert.True(Plain.IsUnconditional);
        Assert.False(rule.IsSameAs(Plain));
    }

    [Fact]
    public void SameRule_IsFoundWhateverItCounted()
    {
        var first = Plain with { Matches = [new MultiportMatch(MultiportSide.Either, [new(1, 2)], false)], Target = new MarkTarget(1, 2) };
        var second = Plain with { Matches = [new MultiportMatch(MultiportSide.Either, [new(1, 2)], false)], Target = new MarkTarget(1, 2) };
        Assert.True(first.IsSameAs(second with { Counters = new(1, 2), Slot = 5 }));
        Assert.NotEqual(first, second with { Slot = 5 });
        Assert.False(first.IsSameAs(second with { Matches = [new MultiportMatch(MultiportSide.Either, [new(1, 3)], false)] }));
    }

    [Theory]
    [InlineData("", "eth0", true)]
    [InlineData("+", "eth0", true)]
    [InlineData("eth+", "eth0", true)]
    [InlineData("eth+", "et", false)]
    [InlineData("eth0", "eth0", true)]
    [InlineData("eth0", "eth01", false)]
    public void InterfacePattern_MatchesByPrefix(string pattern, string device, bool matches)
        => Assert.Equal(matches, new InterfacePattern(pattern).Matches(device));

    [Fact]
    public void CountersSubtract_Modulo64Bits()
    {
        var difference = default(Counters) - new Counters(5, 500);
        Assert.Equal(new Counters(2, 100), new Counters(7, 600) + difference);
    }

    [Fact]
    public void With_SharesTheOtherTables()
    {
        var before = Ruleset.Empty(AddressFamily.IPv4);
        var nat = before[TableKind.Nat];
        var after = before.With(nat with { Chains = [.. nat.Chains, new Chain { Name = "user" }] });
        Assert.Same(before[TableKind.Filter], after[TableKind.Filter]);
        Assert.Null(before[TableKind.Nat].Find("user"));
        Assert.NotNull(after[TableKind.Nat].Find("user"));
        Assert.NotEqual(before, after);
    }

    [Theory]
    [InlineData(TableKind.Raw, "PREROUTING OUTPUT")]
    [InlineData(TableKind.Mangle, "PREROUTING INPUT FORWARD OUTPUT POSTROUTING")]
    [InlineData(TableKind.Nat, "PREROUTING INPUT OUTPUT POSTROUTING")]
    [InlineData(TableKind.Filter, "INPUT FORWARD OUTPUT")]
    public void EmptyTable_HasItsChainsInHookOrder(TableKind table, string chains)
        => Assert.Equal(chains, string.Join(' ', Table.Empty(table).Chains.Select(chain => chain.Name)));
}
