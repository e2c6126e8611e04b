using Weir.DataPath.Image;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>mark.</summary>
internal static class MarkMatchEncoder
{
    public static void Encode(MarkMatch match, MatchList matches) => matches.Add(new MarkMatchCell
    {
        Kind = MatchKind.Mark,
        Invert = match.Invert ? (byte)1 : (byte)0,
        Mark = match.Mark,
        Mask = match.Mask,
    });
}
