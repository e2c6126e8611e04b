using Weir.Control.Images.Matches;
using Weir.Control.Images.Targets;
using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images;

/// <summary>One rule: its cell and what belongs to it.</summary>
internal static class RuleEncoder
{
    public static RuleCell Encode(Rule rule, Table table, ChainPlan plan, ImageBuilder builder)
    {
        var cell = new RuleCell
        {
            Kind = CellKind.Rule4,
            Protocol = rule.Protocol,
            SourceBe = NetworkOrder.IPv4Be(rule.Source.Address) & NetworkOrder.IPv4Be(rule.Source.Mask),
            SourceMaskBe = NetworkOrder.IPv4Be(rule.Source.Mask),
            DestinationBe = NetworkOrder.IPv4Be(rule.Destination.Address) & NetworkOrder.IPv4Be(rule.Destination.Mask),
            DestinationMaskBe = NetworkOrder.IPv4Be(rule.Destination.Mask),
            CounterSlot = (uint)rule.Slot,
            InterfaceCell = builder.InterfaceCellOf(rule.InInterface, rule.OutInterface),
            Inverts = InvertsOf(rule),
            Flags = rule.Fragment ? RuleFlags.Fragment : RuleFlags.None,
        };
        var matches = new MatchList(rule, builder);
        foreach (var match in rule.Matches) MatchEncoders.Encode(match, ref cell, matches);
        (cell.MatchCell, cell.MatchCount) = matches.Write();
        TargetEncoders.Encode(rule.Target, table, plan, ref cell, builder);
        return cell;
    }

    private static RuleInverts InvertsOf(Rule rule)
    {
        var inverts = RuleInverts.None;
        // "! -s 0/0" matches nothing, as in the kernel: the comparison always holds.
        if (rule.InvertSource) inverts |= RuleInverts.Source;
        if (rule.InvertDestination) inverts |= RuleInverts.Destination;
        // "! -p all" matches like "-p all": the kernel looks at the inversion only where a protocol is given.
        if (rule.InvertProtocol && rule.Protocol != 0) inverts |= RuleInverts.Protocol;
        if (rule.InvertInInterface && !rule.InInterface.IsAny) inverts |= RuleInverts.InInterface;
        if (rule.InvertOutInterface && !rule.OutInterface.IsAny) inverts |= RuleInverts.OutInterface;
        if (rule.Fragment && rule.InvertFragment) inverts |= RuleInverts.Fragment;
        return inverts;
    }
}
