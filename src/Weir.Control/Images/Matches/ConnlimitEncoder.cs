using System.Numerics;
using Weir.DataPath.Image;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>connlimit.</summary>
internal static class ConnlimitEncoder
{
    public static void Encode(ConnlimitMatch match, MatchList matches)
    {
        var mask = match.Mask.IPv4;
        var length = BitOperations.LeadingZeroCount(~mask);
        if (length < 32 && mask << length != 0)
        {
            matches.Builder.NotSupported("connlimit groups hosts by a prefix only; this mask is none");
            return;
        }
        matches.Builder.NeedTracking();
        matches.Add(new ConnLimitMatchCell
        {
            Kind = MatchKind.ConnLimit,
            Invert = match.Upto ? (byte)1 : (byte)0,
            ByDestination = match.ByDestination ? (byte)1 : (byte)0,
            PrefixLength = (byte)length,
            StateSlot = matches.TakeState(MatchKind.ConnLimit),
            Limit = match.Limit,
        });
    }
}
