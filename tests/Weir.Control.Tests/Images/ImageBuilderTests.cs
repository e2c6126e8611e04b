using System.Runtime.InteropServices;
using Weir.Control.Images;
using Weir.DataPath.Image;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;
using Weir.Model.Rules.Targets;
using MatchKind = Weir.DataPath.Image.MatchKind;

namespace Weir.Control.Tests.Images;

public sealed class ImageBuilderTests
{
    [Fact]
    public void Chains_are_runs_that_end_in_their_policy()
    {
        var image = Build(Filter(Hook.Input, Tcp(8000) with { Slot = 7 }));
        var head = Heads(image)[(int)BuiltInChain.FilterInput];
        var rule = Cell<RuleCell>(image, head);
        Assert.Equal(CellKind.Rule4, rule.Kind);
        Assert.Equal(6, rule.Protocol);
        Assert.Equal((8000, 8000), (rule.DestinationPortMin, rule.DestinationPortMax));
        Assert.Equal(TargetKind.Drop, rule.Target);
        Assert.Equal(7u, rule.CounterSlot);
        Assert.Equal(0, rule.MatchCount);
        var policy = Cell<RuleCell>(image, head + 1);
        Assert.Equal((CellKind.Policy, TargetKind.Accept), (policy.Kind, policy.Target));
        Assert.Equal(head + 1, Chains(image, HeadsCell.Policies)[(int)BuiltInChain.FilterInput]);
    }

    [Fact]
    public void Tables_that_are_not_in_use_have_no_heads()
    {
        var image = Build(Filter(Hook.Input, Tcp(1)));
        Assert.Equal(0u, Heads(image)[(int)BuiltInChain.NatPrerouting]);
        Assert.NotEqual(0u, Heads(image)[(int)BuiltInChain.FilterOutput]);
        Assert.Equal(0u, image.Flags & (ActiveImage.Tracking | ActiveImage.DeviceNames));
    }

    [Fact]
    public void Text_is_found_again()
    {
        var image = Build(Filter(Hook.Input, Tcp(1)), text: "all of it");
        Assert.Equal("all of it"u8, RuleImage.TextOf(image.Cells));
    }

    [Fact]
    public void Conditions_behind_a_lot_keep_their_place()
    {
        var rule = Tcp(80) with { Matches = [new StatisticMatch(StatisticMode.Nth, 0, 2, 0, false), new TcpMatch { DestinationPorts = new(80, 80) }] };
        var image = Build(Filter(Hook.Input, rule));
        var cell = Cell<RuleCell>(image, Heads(image)[(int)BuiltInChain.FilterInput]);
        Assert.Equal(RuleFlags.None, cell.Flags);
        Assert.Equal(2, cell.MatchCount);
        Assert.Equal(MatchKind.StatisticNth, Cell<StatisticMatchCell>(image, cell.MatchCell).Kind);
        Assert.Equal(MatchKind.Transport, Cell<TransportMatchCell>(image, cell.MatchCell + 1).Kind);
    }

    [Fact]
    public void States_stay_with_their_rules()
    {
        var nth = new StatisticMatch(StatisticMode.Nth, 0, 2, 0, false);
        var first = Build(Filter(Hook.Input, Any(1, nth), Any(2, nth)), generation: 1);
        Assert.Equal(2, first.NewStateSlots.Count);
        var second = Build(Filter(Hook.Input, Any(3, nth), Any(2, nth)), first.Cells, 2);
        Assert.Equal(StateOf(first, 1), StateOf(second, 1));
        Assert.DoesNotContain(StateOf(second, 0), first.NewStateSlots);
        Assert.Equal([StateOf(second, 0)], second.NewStateSlots);
    }

    [Fact]
    public void Loops_are_refused()
    {
        var filter = Table.Empty(TableKind.Filter) with { InUse = true };
        var loop = new Chain { Name = "a", Rules = [Any(1) with { Target = new ChainTarget("a", false) }] };
        var input = filter.Chains[0] with { Rules = [Any(2) with { Target = new ChainTarget("a", false) }] };
        filter = filter with { Chains = [input, .. filter.Chains.Skip(1), loop] };
        Assert.Null(ImageBuilder.Build(Ruleset.Empty(AddressFamily.IPv4).With(filter), [], 1, 0, "", out var refusal));
        Assert.Equal(ChangeStatus.Failed, refusal!.Status);
    }

    [Fact]
    public void Device_names_are_compared_to_their_end_unless_they_end_in_plus()
    {
        var image = Build(Filter(Hook.Forward, Any(1) with { InInterface = new("eth+"), OutInterface = new("eth0") }));
        var cell = Cell<InterfaceCell>(image, Cell<RuleCell>(image, Heads(image)[(int)BuiltInChain.FilterForward]).InterfaceCell);
        Assert.NotEqual(0u, image.Flags & ActiveImage.DeviceNames);
        unsafe
        {
            Assert.Equal(3, new Span<byte>(cell.InMask, 16).ToArray().Count(b => b == 0xff));
            Assert.Equal(16, new Span<byte>(cell.OutMask, 16).ToArray().Count(b => b == 0xff));
        }
    }

    private static uint StateOf(RuleImage image, uint index) =>
        Cell<StatisticMatchCell>(image, Cell<RuleCell>(image, Heads(image)[(int)BuiltInChain.FilterInput] + index).MatchCell).StateSlot;

    private static Rule Any(int slot, params Match[] matches) => new(AddressFamily.IPv4) { Slot = slot, Matches = [.. matches], Target = new VerdictTarget(Verdict.Accept) };

    private static Rule Tcp(ushort port) => new(AddressFamily.IPv4)
    {
        Protocol = 6,
        Slot = 1,
        Matches = [new TcpMatch { DestinationPorts = new(port, port) }],
        Target = new VerdictTarget(Verdict.Drop),
    };

    private static Ruleset Filter(Hook hook, params Rule[] rules)
    {
        var table = Table.Empty(TableKind.Filter) with { InUse = true };
        return Ruleset.Empty(AddressFamily.IPv4).With(table with
        {
            Chains = [.. table.Chains.Select(chain => chain.Hook == hook ? chain with { Rules = [.. rules] } : chain)],
        });
    }

    private static RuleImage Build(Ruleset ruleset, Cell[]? live = null, ulong generation = 1, string text = "text")
    {
        var image = ImageBuilder.Build(ruleset, live, generation, 0, text, out var refusal);
        Assert.Null(refusal);
        return image!;
    }

    private static uint[] Heads(RuleImage image) => Chains(image, HeadsCell.First);

    private static unsafe uint[] Chains(RuleImage image, uint cell)
    {
        var heads = Cell<HeadsCell>(image, cell);
        return new Span<uint>(heads.Chains, 14).ToArray();
    }

    private static T Cell<T>(RuleImage image, uint index)
        where T : unmanaged => MemoryMarshal.Cast<Cell, T>(image.Cells.AsSpan())[(int)index];
}
