using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>A walk along a service's list of servers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ServerWalk
{
    public uint Start;
    public uint Count;
    public uint Index;

    /// <summary>The slot that is looked for.</summary>
    public uint Wanted;

    /// <summary>The slot that was found, or 0.</summary>
    public uint Found;

    /// <summary>
    /// The index after a position. Where the list has changed since, the last server is looked for; where that is gone, its successor has its place.
    /// </summary>
    public static uint IndexAfter(Service* service, ulong position)
    {
        var last = SchedulerPosition.ServerSlot(position);
        if (last == 0) return 0;
        var index = SchedulerPosition.Index(position);
        if (index < service->ServerCount && Schedulers.SlotAt(service->ServerStart, index) == last) return index + 1;
        ServerWalk walk;
        walk.Start = service->ServerStart;
        walk.Count = service->ServerCount;
        walk.Index = 0;
        walk.Wanted = last;
        walk.Found = 0;
        Helpers.Loop(walk.Count, &Search, &walk, 0);
        return walk.Found != 0 ? walk.Index + 1 : index;
    }

    private static long Search(uint step, void* context)
    {
        var walk = (ServerWalk*)context;
        if (Schedulers.SlotAt(walk->Start, step) != walk->Wanted) return 0;
        walk->Index = step;
        walk->Found = walk->Wanted;
        return 1;
    }
}
