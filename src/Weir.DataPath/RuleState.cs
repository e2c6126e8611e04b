using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>What a stateful match remembers; zero at first.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RuleState
{
    /// <summary>
    /// limit: when credit was last zero, CLOCK_MONOTONIC nanoseconds plus 2^62, so that credit is the time since then (capped). statistic nth: packets since
    /// the last match. One word, so that compare-and-exchange moves it.
    /// </summary>
    public ulong Value;
}
