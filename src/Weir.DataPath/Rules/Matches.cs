using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>The matches that have cells of their own.</summary>
internal static unsafe class Matches
{
    public static MatchResult Evaluate(Packet* packet, Cell* cell) => (MatchKind)cell->Kind switch
    {
        MatchKind.Transport => TransportMatch.Evaluate(packet, (TransportMatchCell*)cell),
        MatchKind.Multiport => MultiportMatch.Evaluate(packet, (MultiportMatchCell*)cell),
        MatchKind.Conntrack => ConntrackMatch.Evaluate(packet, (ConntrackMatchCell*)cell),
        MatchKind.ConntrackAddress => ConntrackMatch.EvaluateAddress(packet, (ConntrackAddressMatchCell*)cell),
        MatchKind.ConntrackPort => ConntrackMatch.EvaluatePort(packet, (ConntrackPortMatchCell*)cell),
        MatchKind.StatisticRandom => StatisticMatch.EvaluateRandom((StatisticMatchCell*)cell),
        MatchKind.StatisticNth => StatisticMatch.EvaluateNth((StatisticMatchCell*)cell),
        MatchKind.ConnLimit => ConnLimitMatch.Evaluate(packet, (ConnLimitMatchCell*)cell),
        MatchKind.Limit => LimitMatch.Evaluate((LimitMatchCell*)cell),
        MatchKind.Mark => MarkMatch.Evaluate(packet, (MarkMatchCell*)cell),
        MatchKind.AddrType => AddrTypeMatch.Evaluate(packet, (AddrTypeMatchCell*)cell),
        // An image of a later version.
        _ => MatchResult.HotDrop,
    };

    public static MatchResult Result(bool matches) => matches ? MatchResult.Yes : MatchResult.No;
}
