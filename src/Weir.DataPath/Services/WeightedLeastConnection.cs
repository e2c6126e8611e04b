using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>wlc: the server with the least connections for its weight, the first one of several (ip_vs_wlc); compared crosswise, without division.</summary>
internal static unsafe class WeightedLeastConnection
{
    public static uint Pick(Service* service)
    {
        Walk walk;
        walk.Start = service->ServerStart;
        walk.Found = service->Zero;
        walk.Overhead = service->Zero;
        walk.Weight = service->Zero;
        Helpers.Loop(service->ServerCount, &Step, &walk, 0);
        return walk.Found;
    }

    private static long Step(uint step, void* context)
    {
        var walk = (Walk*)context;
        var slot = Schedulers.SlotAt(walk->Start, step);
        var server = Maps.Servers.At(slot);
        if (server == null || !Schedulers.IsUsable(server)) return 0;
        var overhead = Schedulers.Overhead(server);
        if (walk->Found != 0 && walk->Overhead * server->Weight <= overhead * walk->Weight) return 0;
        walk->Found = slot;
        walk->Overhead = overhead;
        walk->Weight = server->Weight;
        return 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Walk
    {
        public long Overhead;
        public long Weight;
        public uint Start;
        public uint Found;
    }
}
