using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m limit: a token bucket.</summary>
internal static unsafe class LimitMatch
{
    private const int Attempts = 8;

    public static MatchResult Evaluate(LimitMatchCell* cell)
    {
        var state = Maps.RuleStates.At(cell->StateSlot);
        if (state == null) return MatchResult.No;
        var now = Helpers.KtimeGetNs();
        for (var i = 0; i < Attempts; i++)
        {
            var old = state->Value;
            // Zero: never used, full.
            var full = now > cell->Cap ? now - cell->Cap : 0;
            var empty = old < full ? full : old;
            if (now < empty || now - empty < cell->Cost) return MatchResult.No;
            if (Interlocked.CompareExchange(ref state->Value, empty + cell->Cost, old) == old) return MatchResult.Yes;
        }
        return MatchResult.No;
    }
}
