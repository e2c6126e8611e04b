using Weir.DataPath.Image;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>limit.</summary>
internal static class LimitEncoder
{
    private const ulong NanosecondsPerUnit = 1_000_000_000 / LimitMatch.Scale;

    public static void Encode(LimitMatch match, MatchList matches)
    {
        var cost = match.Average * NanosecondsPerUnit;
        matches.Add(new LimitMatchCell
        {
            Kind = MatchKind.Limit,
            StateSlot = matches.TakeState(MatchKind.Limit),
            Cost = cost,
            Cap = cost * match.Burst,
        });
    }
}
