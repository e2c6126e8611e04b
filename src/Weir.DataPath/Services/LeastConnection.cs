using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>lc: the server with the least connections, the first one of several (ip_vs_lc).</summary>
internal static unsafe class LeastConnection
{
    public static uint Pick(Service* service)
    {
        Walk walk;
        walk.Start = service->ServerStart;
        walk.Found = service->Zero;
        walk.Overhead = service->Zero;
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
        if (walk->Found != 0 && overhead >= walk->Overhead) return 0;
        walk->Found = slot;
        walk->Overhead = overhead;
        return 0;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Walk
    {
        public long Overhead;
        public uint Start;
        public uint Found;
    }
}
