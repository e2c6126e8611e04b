using Weir.DataPath.Image;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>statistic.</summary>
internal static class StatisticEncoder
{
    public static void Encode(StatisticMatch match, MatchList matches)
    {
        var isRandom = match.Mode == StatisticMode.Random;
        matches.HasRandom |= isRandom;
        var kind = isRandom ? MatchKind.StatisticRandom : MatchKind.StatisticNth;
        matches.Add(new StatisticMatchCell
        {
            Kind = kind,
            Invert = match.Invert ? (byte)1 : (byte)0,
            StateSlot = isRandom ? 0 : matches.TakeState(kind),
            Probability = match.Probability,
            Every = match.Every,
            Packet = match.Packet,
        });
    }
}
