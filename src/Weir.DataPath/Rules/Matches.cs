using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>The matches that have cells of their own.</summary>
public static unsafe class Matches
{
    /// <summary>Evaluates a match cell of the packet's image. A function of its own, so that the verifier looks at the matches once and not for each state of a walk.</summary>
    /// <returns>A <see cref="MatchResult"/>.</returns>
    [Subprogram(Global = true)]
    public static int Evaluate(Packet* packet, uint index)
    {
        if (packet == null) return (int)MatchResult.HotDrop;
        var image = Maps.Images.At(packet->ImageSlot);
        if (image == null) return (int)MatchResult.HotDrop;
        var cell = image.At(index);
        if (cell == null) return (int)MatchResult.HotDrop;
        if (!IsConstant(cell)) packet->Flags |= PacketFlags.Varies;
        return (int)Evaluate(packet, cell);
    }

    /// <summary>Whether a match gives the same for all packets of a flow's direction that have the same mark and state.</summary>
    private static bool IsConstant(Cell* cell)
    {
        var kind = (MatchKind)cell->Kind;
        if (kind == MatchKind.Conntrack) return (((ConntrackMatchCell*)cell)->Parts & (ConntrackParts.Status | ConntrackParts.Expires)) == 0;
        return kind is MatchKind.Multiport or MatchKind.Mark or MatchKind.ConntrackAddress or MatchKind.ConntrackPort;
    }

    internal static MatchResult Result(bool matches) => matches ? MatchResult.Yes : MatchResult.No;

    private static MatchResult Evaluate(Packet* packet, Cell* cell) => (MatchKind)cell->Kind switch
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
}
