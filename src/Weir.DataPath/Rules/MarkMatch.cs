using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m mark.</summary>
internal static unsafe class MarkMatch
{
    public static MatchResult Evaluate(Packet* packet, MarkMatchCell* cell) =>
        Matches.Result(((packet->Mark & cell->Mask) == cell->Mark) != (cell->Invert != 0));
}
