using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>sh: the server in the bucket of the client's address (ip_vs_sh); the control side fills the 256 buckets.</summary>
internal static unsafe class SourceHashing
{
    private const uint Buckets = 256;

    public static uint Pick(Service* service, FlowTuple* tuple)
    {
        // --sched-flags sh-port hashes the port too.
        var port = (service->Flags & ServiceFlags.Scheduler2) != 0 ? Bits.Swap(tuple->SourcePortBe) : 0u;
        var bucket = Schedulers.Hash(port + Schedulers.Fold(&tuple->Source));
        var slot = Schedulers.SlotAt(service->TableStart, bucket);
        var server = Maps.Servers.At(slot);
        if (slot == 0 || server == null) return 0;
        if (Schedulers.IsUsable(server)) return slot;
        // sh-fallback looks on from there; without it the client is refused.
        return (service->Flags & ServiceFlags.Scheduler1) != 0 ? FallBack(service->TableStart, bucket) : 0;
    }

    private static uint FallBack(uint tableStart, uint bucket)
    {
        Walk walk;
        walk.Start = tableStart;
        // The kernel adds the bucket twice: once as the hash, once as the offset that it starts from.
        walk.Bucket = bucket * 2;
        walk.Found = 0;
        Helpers.Loop(Buckets, &Step, &walk, 0);
        return walk.Found;
    }

    private static long Step(uint step, void* context)
    {
        var walk = (Walk*)context;
        var slot = Schedulers.SlotAt(walk->Start, (walk->Bucket + step) % Buckets);
        var server = Maps.Servers.At(slot);
        if (slot == 0 || server == null) return 1;
        if (!Schedulers.IsUsable(server)) return 0;
        walk->Found = slot;
        return 1;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Walk
    {
        public uint Start;
        public uint Bucket;
        public uint Found;
    }
}
