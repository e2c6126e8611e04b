using Weir.Bpf.Programs;

namespace Weir.DataPath.Flows;

/// <summary>How long flows live, and moving their ends.</summary>
internal static unsafe class Timeouts
{
    public const ulong Second = 1_000_000_000;

    /// <summary>A UDP flow that lives longer than this with answers is a stream.</summary>
    public const ulong StreamAge = 2 * Second;

    public static TimeoutSettings* Settings() => Maps.Timeouts.At(0);

    /// <summary>The flow ends in this many seconds.</summary>
    public static void Touch(Flow* flow, ulong now, uint seconds)
    {
        var expires = now + seconds * Second;
        flow->Expires = expires;
        if (expires >= flow->Armed) return;
        flow->Armed = expires;
        Helpers.TimerStart(&flow->Timer, seconds * Second, 0);
    }

    /// <summary>The flow ends with this packet: the next one begins another. The entry stays until the packet has left.</summary>
    public static void End(Flow* flow, ulong now)
    {
        Touch(flow, now, 1);
        flow->Expires = now;
    }

    /// <summary>Seconds of a TCP state.</summary>
    public static uint OfTcp(TimeoutSettings* settings, uint state) => state < 10 ? settings->Tcp[state] : 0;
}
