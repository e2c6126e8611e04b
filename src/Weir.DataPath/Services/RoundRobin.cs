using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>rr: the next server in the list after the last choice (ip_vs_rr).</summary>
internal static unsafe class RoundRobin
{
    /// <summary>Others may choose at the same time; after this many lost races the choice stands without moving the position.</summary>
    private const int Attempts = 4;

    public static uint Pick(Service* service)
    {
        var state = Maps.ServiceStates.At(service->Slot);
        if (state == null) return 0;
        uint chosen = 0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var position = state->Position;
            var index = ServerWalk.IndexAfter(service, position);
            if (index >= service->ServerCount) index = 0;
            // Most often the next one takes connections.
            chosen = Schedulers.SlotAt(service->ServerStart, index);
            var server = Maps.Servers.At(chosen);
            if (server == null || !Schedulers.IsUsable(server))
            {
                ServerWalk walk;
                walk.Start = service->ServerStart;
                walk.Count = service->ServerCount;
                walk.Index = index + service->Zero;
                walk.Wanted = 0;
                walk.Found = service->Zero;
                Helpers.Loop(walk.Count, &Step, &walk, 0);
                chosen = walk.Found;
                index = walk.Index;
            }
            if (chosen == 0) break;
            var next = SchedulerPosition.Of(chosen, index, 0);
            if (Interlocked.CompareExchange(ref state->Position, next, position) == position) break;
        }
        return chosen;
    }

    private static long Step(uint step, void* context)
    {
        var walk = (ServerWalk*)context;
        if (walk->Index >= walk->Count) walk->Index = 0;
        var slot = Schedulers.SlotAt(walk->Start, walk->Index);
        var server = Maps.Servers.At(slot);
        if (server != null && Schedulers.IsUsable(server))
        {
            walk->Found = slot;
            return 1;
        }
        walk->Index++;
        return 0;
    }
}
