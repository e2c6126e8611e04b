using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>The choice of a server for a new connection, which is the one that Linux's ip_vs would make.</summary>
public static unsafe class Schedulers
{
    /// <summary>Picks a server.</summary>
    /// <param name="service">The service.</param>
    /// <param name="tuple">The connection as the client sees it.</param>
    /// <returns>The server's slot, or 0 where none takes connections.</returns>
    [Subprogram(Global = true)]
    public static int Pick(Service* service, FlowTuple* tuple)
    {
        if (service == null || tuple == null || service->ServerCount == 0) return 0;
        return (int)(service->Scheduler switch
        {
            Scheduler.RoundRobin => RoundRobin.Pick(service),
            Scheduler.WeightedRoundRobin => WeightedRoundRobin.Pick(service),
            Scheduler.LeastConnection => LeastConnection.Pick(service),
            Scheduler.WeightedLeastConnection => WeightedLeastConnection.Pick(service),
            Scheduler.SourceHashing => SourceHashing.Pick(service, tuple),
            Scheduler.DestinationHashing => DestinationHashing.Pick(service, tuple),
            _ => 0u,
        });
    }

    /// <summary>Whether a server takes new connections.</summary>
    internal static bool IsUsable(Server* server) => server->Weight > 0 && server->Overloaded == 0;

    /// <summary>The server slot at an index of the service's list, or 0.</summary>
    internal static uint SlotAt(uint start, uint index)
    {
        var slot = Maps.ServerLists.At(start + index);
        return slot == null ? 0 : *slot;
    }

    /// <summary>A connection's weight on its server (ip_vs_dest_conn_overhead): an active one counts as 256 inactive ones.</summary>
    internal static long Overhead(Server* server) => ((long)server->Active << 8) + server->Inactive;

    /// <summary>The kernel's hash_32() to 8 bits (include/linux/hash.h).</summary>
    internal static uint Hash(uint value) => value * 0x61c88647 >> 24;

    /// <summary>An address as the hashing schedulers see it: IPv6 folded to 32 bits, host byte order.</summary>
    internal static uint Fold(IpAddress* address)
    {
        if ((address->Word0Be | address->Word1Be) == 0 && address->Word2Be == IpAddress.MappedBe) return Bits.Swap(address->Word3Be);
        return Bits.Swap(address->Word0Be ^ address->Word1Be ^ address->Word2Be ^ address->Word3Be);
    }
}
