using System.Buffers.Binary;
using Weir.Control.Images;
using Weir.DataPath.Services;
using Weir.Model;
using ForwardingMethod = Weir.Model.ForwardingMethod;
using KernelKey = Weir.DataPath.Services.ServiceKey;
using ModelFlags = Weir.Model.ServiceFlags;
using ModelKey = Weir.Model.ServiceKey;
using Service = Weir.DataPath.Services.Service;

namespace Weir.Control.Services;

/// <summary>
/// Services and servers as records of the maps: what every store of services does with them. A change of a service's servers writes a new run of slots and then the
/// service's record: that one write is the change.
/// </summary>
internal static class ServiceRecords
{
    /// <summary>What there is against a service.</summary>
    public static ServiceResult Check(VirtualService service)
    {
        if (service.Key.Family == AddressFamily.IPv6 && service.PersistenceMask is < 1 or > 128) return ServiceStatus.Invalid;
        if (!SchedulerNames.IsKernels(service.Scheduler)) return ServiceStatus.SchedulerNotFound;
        if (SchedulerNames.TryParse(service.Scheduler) is null) return ServiceResult.NotSupported($"the {service.Scheduler} scheduler");
        if (service.PersistenceEngine.Length > 0) return ServiceResult.NotSupported($"the {service.PersistenceEngine} persistence engine");
        if (service.Flags.HasFlag(ModelFlags.OnePacket)) return ServiceResult.NotSupported("one-packet scheduling");
        return ServiceStatus.Done;
    }

    /// <summary>What there is against a server.</summary>
    public static ServiceResult Check(ModelKey service, RealServer server)
    {
        if (server.Weight < 0 || server.LowerThreshold > server.UpperThreshold) return ServiceStatus.OutOfRange;
        if (server.Forwarding == ForwardingMethod.Tunnel) return ServiceResult.NotSupported("the tunnel forwarding method");
        // NAT and direct routing stay within a family.
        if (server.Key.Address.Family != service.Family) return ServiceStatus.Invalid;
        // Unicast addresses only: neither ::, nor multicast, nor link-local ones.
        if (service.Family == AddressFamily.IPv6)
            return server.Key.Address == Address.AnyIPv6 || server.Key.Address.High >> 56 == 0xff || server.Key.Address.High >> 54 == 0xfe80 >> 6 ? ServiceStatus.Invalid : ServiceStatus.Done;
        // Network 0 and class D and above are no unicast addresses.
        var top = server.Key.Address.IPv4 >> 24;
        return top is 0 or >= 224 ? ServiceStatus.Invalid : ServiceStatus.Done;
    }

    /// <summary>A record with what its service's model says, servers apart.</summary>
    public static Service Fill(Service record, VirtualService service)
    {
        record.Scheduler = SchedulerNames.TryParse(service.Scheduler)!.Value;
        record.Flags = (DataPath.Services.ServiceFlags)service.Flags;
        record.PersistenceTimeout = service.IsPersistent ? service.PersistenceTimeout : 0;
        record.PersistenceMaskBe = BinaryPrimitives.ReverseEndianness(service.PersistenceMask);
        return record;
    }

    /// <summary>Makes a server what its model says, and available.</summary>
    public static void Write(ref Server record, RealServer server)
    {
        record.Method = (DataPath.Services.ForwardingMethod)server.Forwarding;
        record.Weight = server.Weight;
        // ip_vs forgets an overload when the upper threshold goes or rises (__ip_vs_update_dest).
        if (server.UpperThreshold == 0 || server.UpperThreshold > record.UpperThreshold) record.Overloaded = 0;
        record.UpperThreshold = server.UpperThreshold;
        record.LowerThreshold = server.LowerThreshold;
        record.Flags = record.Flags & ~ServerFlags.Leaving | ServerFlags.Available;
    }

    /// <summary>Servers with their weights of now.</summary>
    public static WeightedServer[] Weigh(ServiceTables tables, uint[] slots)
    {
        var result = new WeightedServer[slots.Length];
        for (var i = 0; i < slots.Length; i++) result[i] = new(slots[i], tables.Servers[(int)slots[i]].Weight);
        return result;
    }

    /// <summary>Writes the list and the tables of a record; false where there is no room. Servers that leave are in the list only.</summary>
    public static bool Complete(ServiceTables tables, ref Service record, WeightedServer[] servers)
    {
        var mark = WeightedRoundRobinMark.Of(servers);
        (record.MaxWeight, record.WeightStep) = ((int)mark.MaxWeight, (int)mark.Step);
        record.TableStart = 0;
        if (record.Scheduler is Scheduler.SourceHashing or Scheduler.DestinationHashing)
        {
            var staying = Array.FindAll(servers, server => (tables.Servers[(int)server.Slot].Flags & ServerFlags.Leaving) == 0);
            var buckets = new uint[SourceHashTable.Size];
            if (record.Scheduler == Scheduler.SourceHashing) SourceHashTable.Fill(staying, buckets);
            else DestinationHashTable.Fill(staying, buckets);
            if (tables.WriteRun(buckets) is not { } table) return false;
            record.TableStart = table;
        }
        record.Sockets = CanChooseAtSocket(tables, record, servers) ? (byte)1 : (byte)0;
        if (tables.WriteRun(Array.ConvertAll(servers, server => server.Slot)) is not { } start) return false;
        (record.ServerStart, record.ServerCount) = (start, (uint)servers.Length);
        return true;
    }

    /// <summary>Makes a record with these servers live.</summary>
    public static ServiceResult Commit(ServiceTables tables, KernelKey key, Service record, WeightedServer[] servers)
    {
        if (!Complete(tables, ref record, servers)) return ServiceStatus.NoSpace;
        tables.Set(key, record);
        if (record.Scheduler == Scheduler.WeightedRoundRobin) ResetPosition(tables, record);
        return ServiceStatus.Done;
    }

    /// <summary>Takes a service away, with what a proxy added to it.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="key">The service's key; not that of its near part.</param>
    /// <param name="record">The service's record.</param>
    /// <param name="retired">Called for each server's slot before it is given up.</param>
    public static void Remove(ServiceTables tables, KernelKey key, in Service record, Action<uint>? retired = null)
    {
        tables.Remove(key);
        Retire(tables, record, retired);
        if ((record.Policy & ServicePolicy.HasNear) != 0)
        {
            key.Scope |= KernelKey.Near;
            if (tables.TryGet(key, out var near))
            {
                tables.Remove(key);
                Retire(tables, near, retired);
            }
        }
        if (record.Sources != 0) tables.Networks.RemoveRealm(record.Sources);
    }

    /// <summary>Where the scheduler begins after its servers changed.</summary>
    public static void ResetPosition(ServiceTables tables, in Service record)
    {
        ref var position = ref tables.States[(int)record.Slot].Position;
        var weight = SchedulerPosition.CurrentWeight(Volatile.Read(ref position));
        var mark = new WeightedRoundRobinMark((uint)record.MaxWeight, (uint)record.WeightStep);
        Volatile.Write(ref position, record.Scheduler == Scheduler.WeightedRoundRobin ? SchedulerPosition.Of(0, 0, mark.CurrentWeightAfter(weight)) : 0);
    }

    /// <summary>Where in a list a server is; -1: it is not.</summary>
    public static int IndexOf(ServiceTables tables, uint[] slots, ServerKey key)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            if (ServiceTables.KeyOf(tables.Servers[(int)slots[i]]) == key) return i;
        }
        return -1;
    }

    private static void Retire(ServiceTables tables, in Service record, Action<uint>? retired)
    {
        foreach (var slot in tables.ServersOf(record))
        {
            retired?.Invoke(slot);
            tables.Retire(slot);
        }
    }

    private static bool CanChooseAtSocket(ServiceTables tables, in Service record, WeightedServer[] servers)
    {
        if (record.PersistenceTimeout != 0 || record.Scheduler == Scheduler.SourceHashing || record.Sources != 0) return false;
        foreach (var server in servers)
        {
            if (tables.Servers[(int)server.Slot].Method != DataPath.Services.ForwardingMethod.Masquerading) return false;
        }
        return true;
    }
}
