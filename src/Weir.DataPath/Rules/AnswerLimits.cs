using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Rules;

/// <summary>
/// How many ICMP errors may be sent, as the kernel limits its own (net.ipv4.icmp_ratelimit, icmp_msgs_per_sec): who sends from made-up addresses must not make
/// this host flood them. Value of <see cref="Maps.AnswerLimits"/>; all zero: no limits.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct AnswerLimits
{
    /// <summary>Nanoseconds between errors to one destination; 0: any.</summary>
    public ulong Interval;

    /// <summary>Nanoseconds between errors to all destinations together; 0: any.</summary>
    public ulong OverallInterval;

    /// <summary>Errors to all destinations that may follow each other at once.</summary>
    public ulong OverallBurst;

    /// <summary>XRLIM_BURST_FACTOR: errors to one destination that may follow each other at once.</summary>
    private const ulong Burst = 6;

    /// <summary>The key of the credit for all destinations together.</summary>
    private const uint Overall = 0;

    /// <summary>Times are counted from long before the machine started, so that credit is full from the start.</summary>
    private const ulong Start = 1ul << 62;

    /// <summary>Takes the credit for one error to a destination.</summary>
    /// <returns>1: there was none left.</returns>
    [Subprogram(Global = true)]
    public static unsafe int AreExceeded(uint destinationBe)
    {
        var limits = Maps.AnswerLimits.At(0);
        if (limits == null) return 0;
        var now = Start + Helpers.KtimeGetNs();
        if (limits->Interval != 0 && !Take(destinationBe, now, limits->Interval, Burst)) return 1;
        return limits->OverallInterval != 0 && !Take(Overall, now, limits->OverallInterval, limits->OverallBurst) ? 1 : 0;
    }

    private static unsafe bool Take(uint key, ulong now, ulong cost, ulong burst)
    {
        var full = now - cost * burst;
        var empty = Maps.AnswerCredits.Lookup(&key);
        if (empty == null)
        {
            full += cost;
            Maps.AnswerCredits.Update(&key, &full, UpdateMode.Any);
            return true;
        }
        var old = *empty;
        var since = old < full ? full : old;
        // Of two at once one may be lost, which is the safe side.
        return now - since >= cost && since <= now && Interlocked.CompareExchange(ref *empty, since + cost, old) == old;
    }
}
