using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m limit: a token bucket.</summary>
internal static unsafe class LimitMatch
{
    private const int Attempts = 8;

    /// <summary>Times are counted from long before the machine started, so that a bucket can be full from the start.</summary>
    private const ulong Start = 1ul << 62;

    public static MatchResult Evaluate(LimitMatchCell* cell)
    {
        var state = Maps.RuleStates.At(cell->StateSlot);
        if (state == null) return MatchResult.No;
        var now = Start + Helpers.KtimeGetNs();
        for (var i = 0; i < Attempts; i++)
        {
            var old = state->Value;
            // Zero: never used, full.
            var full = now - cell->Cap;
            var empty = old < full ? full : old;
            if (now < empty || now - empty < cell->Cost) return MatchResult.No;
            if (Interlocked.CompareExchange(ref state->Value, empty + cell->Cost, old) == old) return MatchResult.Yes;
        }
        return MatchResult.No;
    }
}
