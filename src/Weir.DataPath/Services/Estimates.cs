using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>
/// Rates as ip_vs estimates them (ip_vs_est.c): every two seconds the average moves by a quarter of its distance to what was counted in them. ip_vs has a timer for
/// that; here the first packet of a tick does it for the tick that its service or server was last counted in, and for those since in which nothing was. A reader
/// does the same to its copy, so nothing need run while nothing passes.
/// </summary>
public static unsafe class Estimates
{
    /// <summary>A tick is 2^31 nanoseconds: a shift instead of a division for each packet.</summary>
    public const int TickShift = 31;

    /// <summary>Averages are in parts of 1024.</summary>
    public const int PartShift = 10;

    /// <summary>After so many ticks without traffic nothing is left of a rate.</summary>
    private const uint Forgotten = 96;

    private const int FactorShift = 32;

    /// <summary>The tick of a time (CLOCK_MONOTONIC nanoseconds), at least 1: 0 says that nothing was counted yet.</summary>
    public static uint TickOf(ulong time) => (uint)(time >> TickShift) + 1;

    /// <summary>The key of a server's estimate.</summary>
    public static uint KeyOfServer(uint slot) => slot << 1;

    /// <summary>The key of a service's estimate.</summary>
    public static uint KeyOfService(uint slot) => slot << 1 | 1;

    /// <summary>Moves an estimate on by ticks, all that was counted since having been counted in the first of them.</summary>
    public static void Advance(Estimate* estimate, Traffic* counted, uint ticks)
    {
        // What is left of an average after the ticks in which nothing was counted.
        var factor = 1ul << FactorShift;
        for (var i = 1u; i < Forgotten; i++)
        {
            if (i >= ticks) break;
            factor -= factor >> 2;
        }
        if (ticks > Forgotten) factor = 0;
        Move(&estimate->Average.Connections, &estimate->Last.Connections, counted->Connections, factor);
        Move(&estimate->Average.InPackets, &estimate->Last.InPackets, counted->InPackets, factor);
        Move(&estimate->Average.OutPackets, &estimate->Last.OutPackets, counted->OutPackets, factor);
        Move(&estimate->Average.InBytes, &estimate->Last.InBytes, counted->InBytes, factor);
        Move(&estimate->Average.OutBytes, &estimate->Last.OutBytes, counted->OutBytes, factor);
    }

    /// <summary>Called before a packet is counted.</summary>
    internal static void Follow(uint serverSlot, Server* server, uint serviceSlot, ServiceState* state, ulong now)
    {
        var tick = TickOf(now);
        if (server->Tick != tick) TurnServer(serverSlot, tick);
        if (state->Tick != tick) TurnService(serviceSlot, tick);
    }

    [Subprogram(Global = true)]
    private static int TurnServer(uint slot, uint tick)
    {
        var server = Maps.Servers.At(slot);
        if (server == null) return 0;
        var before = server->Tick;
        // One processor does it; another that counts meanwhile counts in this tick or that.
        if (before == tick || Interlocked.CompareExchange(ref server->Tick, tick, before) != before) return 0;
        Turn(KeyOfServer(slot), (Traffic*)&server->Connections, before == 0 ? 0 : tick - before);
        return 0;
    }

    [Subprogram(Global = true)]
    private static int TurnService(uint slot, uint tick)
    {
        var state = Maps.ServiceStates.At(slot);
        if (state == null) return 0;
        var before = state->Tick;
        if (before == tick || Interlocked.CompareExchange(ref state->Tick, tick, before) != before) return 0;
        Turn(KeyOfService(slot), (Traffic*)&state->Connections, before == 0 ? 0 : tick - before);
        return 0;
    }

    private static void Turn(uint key, Traffic* counted, uint ticks)
    {
        var estimate = Maps.Estimates.Lookup(&key);
        if (estimate == null || ticks == 0)
        {
            Estimate fresh = default;
            fresh.Last = *counted;
            Maps.Estimates.Update(&key, &fresh, UpdateMode.Any);
            return;
        }
        Advance(estimate, counted, ticks);
    }

    private static void Move(ulong* average, ulong* last, ulong counted, ulong factor)
    {
        var rate = (long)(counted - *last) << PartShift;
        var moved = (ulong)((long)*average + (rate - (long)*average >> 2));
        // In two steps, so that the product fits.
        *average = (moved >> FactorShift) * factor + ((moved & ((1ul << FactorShift) - 1)) * factor >> FactorShift);
        *last = counted;
    }
}
