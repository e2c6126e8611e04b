using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m statistic.</summary>
internal static unsafe class StatisticMatch
{
    /// <summary>Attempts to move a shared word before giving up for this packet.</summary>
    private const int Attempts = 8;

    public static MatchResult EvaluateRandom(StatisticMatchCell* cell) =>
        Matches.Result(((Helpers.GetPrandomU32() & 0x7fffffff) < cell->Probability) != (cell->Invert != 0));

    public static MatchResult EvaluateNth(StatisticMatchCell* cell)
    {
        var state = Maps.RuleStates.At(cell->StateSlot);
        if (state == null) return MatchResult.No;
        var matches = false;
        for (var i = 0; i < Attempts; i++)
        {
            var old = state->Value;
            matches = old == cell->Packet;
            var next = old + 1 >= cell->Every ? 0 : old + 1;
            if (Interlocked.CompareExchange(ref state->Value, next, old) == old) break;
        }
        return Matches.Result(matches != (cell->Invert != 0));
    }
}
