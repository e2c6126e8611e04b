using Weir.DataPath.Flows;

namespace Weir.DataPath.Services;

/// <summary>dh: the server in the bucket of the virtual address (ip_vs_dh); the control side fills the 256 buckets.</summary>
internal static unsafe class DestinationHashing
{
    public static uint Pick(Service* service, FlowTuple* tuple)
    {
        var slot = Schedulers.SlotAt(service->TableStart, Schedulers.Hash(Schedulers.Fold(&tuple->Destination)));
        var server = Maps.Servers.At(slot);
        return slot != 0 && server != null && Schedulers.IsUsable(server) ? slot : 0;
    }
}
