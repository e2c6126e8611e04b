using System.Runtime.InteropServices;

namespace Weir.DataPath;

/// <summary>What a stateful match remembers; zero at first.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RuleState
{
    /// <summary>
    /// limit: the CLOCK_MONOTONIC nanosecond at which credit was last zero, so that credit is the time since then (capped). statistic nth: packets since
    /// the last match. One word, so that compare-and-exchange moves it.
    /// </summary>
    public ulong Value;
}
