using System.Buffers.Binary;
using Weir.Bpf.Linux;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Services;
using Weir.Model;
using ForwardingMethod = Weir.Model.ForwardingMethod;
using ModelFlags = Weir.Model.ServiceFlags;
using ModelKey = Weir.Model.ServiceKey;
using ModelState = Weir.Model.ServiceState;
using Service = Weir.DataPath.Services.Service;

namespace Weir.Control.Services;

/// <summary>
/// The virtual services of this network namespace, in the kernel. The maps are the source of truth. A change of a service's servers writes a new run of slots
/// and then the service's record: that one write is the change.
/// </summary>
public sealed partial class ServiceStore(StateFolder folder) : IServiceStore
{
    private Session? _batch;

    /// <inheritdoc/>
    public int ConnectionTableSize => 4096;

    /// <inheritdoc/>
    public IDisposable Batch() => _batch = new Session(folder, () => _batch = null);

    /// <inheritdoc/>
    public ServiceResult Add(VirtualService service)
    {
        if (Check(service) is { IsDone: false } refusal) return refusal;
        return Change(true, (instance, tables) =>
        {
            if (tables.TryGet(service.Key, out _)) return ServiceStatus.ServiceExists;
            if (tables.TakeServiceSlot(service.Key) is not { } slot) return ServiceStatus.NoSpace;
            var record = Fill(new() { Slot = slot }, service);
            if (!Complete(tables, ref record, [])) return ServiceStatus.NoSpace;
            instance.EnableServices(folder);
            tables.Set(service.Key, record);
            return ServiceStatus.Done;
        });
    }

    /// <inheritdoc/>
    public ServiceResult Edit(VirtualService service)
    {
        if (Check(service) is { IsDone: false } refusal) return refusal;
        return Change(false, (_, tables) =>
        {
            if (!tables.TryGet(service.Key, out var record)) return ServiceStatus.NoSuchService;
            var changed = Fill(record, service);
            if (!Complete(tables, ref changed, tables.ServersOf(record))) return ServiceStatus.NoSpace;
            tables.Set(service.Key, changed);
            // A new scheduler starts at the list's head.
            if (changed.Scheduler != record.Scheduler) ResetPosition(tables, changed);
            return ServiceStatus.Done;
        }, ServiceStatus.NoSuchService);
    }

    /// <inheritdoc/>
    public ServiceResult Delete(ModelKey service) => Change(false, (instance, tables) =>
    {
        if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
        tables.Remove(service);
        Retire(tables, record);
        if (tables.All().Length == 0) instance.DisableServices();
        return ServiceStatus.Done;
    }, ServiceStatus.NoSuchService);

    /// <inheritdoc/>
    public ServiceResult Flush() => Change(false, (instance, tables) =>
    {
        foreach (var (key, record) in tables.All())
        {
            tables.Remove(ServiceTables.KeyOf(key));
            Retire(tables, record);
        }
        instance.DisableServices();
        return ServiceStatus.Done;
    }, ServiceStatus.Done);

    /// <inheritdoc/>
    public ServiceResult AddServer(ModelKey service, RealServer server)
    {
        if (Check(service, server) is { IsDone: false } refusal) return refusal;
        return Change(false, (_, tables) =>
        {
            if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
            var slots = tables.ServersOf(record);
            if (IndexOf(tables, slots, server.Key) >= 0) return ServiceStatus.ServerExists;
            if (tables.TakeServerSlot(record.Slot, server.Key) is not { } slot) return ServiceStatus.NoSpace;
            Write(ref tables.Servers[(int)slot], server);
            return Commit(tables, service, record, [slot, .. slots]);
        }, ServiceStatus.NoSuchService);
    }

    /// <inheritdoc/>
    public ServiceResult EditServer(ModelKey service, RealServer server)
    {
        if (Check(service, server) is { IsDone: false } refusal) return refusal;
        return Change(false, (_, tables) =>
        {
            if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
            var slots = tables.ServersOf(record);
            var index = IndexOf(tables, slots, server.Key);
            if (index < 0) return ServiceStatus.NoSuchServer;
            Write(ref tables.Servers[(int)slots[index]], server);
            return Commit(tables, service, record, slots);
        }, ServiceStatus.NoSuchService);
    }

    /// <inheritdoc/>
    public ServiceResult DeleteServer(ModelKey service, ServerKey server) => Change(false, (_, tables) =>
    {
        if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
        var slots = tables.ServersOf(record);
        var index = IndexOf(tables, slots, server);
        if (index < 0) return ServiceStatus.NoSuchServer;
        var result = Commit(tables, service, record, [.. slots.Where(slot => slot != slots[index])]);
        if (result.IsDone) tables.Retire(slots[index]);
        return result;
    }, ServiceStatus.NoSuchService);

    /// <inheritdoc/>
    public ServiceResult Zero(ModelKey? service) => Change(false, (_, tables) =>
    {
        if (service is not { } key)
        {
            foreach (var (_, each) in tables.All()) Zero(tables, each);
            return ServiceStatus.Done;
        }
        if (!tables.TryGet(key, out var record)) return ServiceStatus.NoSuchService;
        Zero(tables, record);
        return ServiceStatus.Done;
    }, service is null ? ServiceStatus.Done : ServiceStatus.NoSuchService);

    /// <inheritdoc/>
    public ServiceResult SetTimeouts(ServiceTimeouts timeouts) => Change(true, (instance, _) =>
    {
        var map = instance.Map(nameof(Maps.Timeouts)).AsArray<DataPath.Flows.TimeoutSettings>();
        var settings = map[0];
        if (timeouts.Tcp != 0) settings.IpvsTcp = timeouts.Tcp;
        if (timeouts.TcpFin != 0) settings.IpvsTcpFin = timeouts.TcpFin;
        if (timeouts.Udp != 0) settings.IpvsUdp = timeouts.Udp;
        map[0] = settings;
        return ServiceStatus.Done;
    });

    /// <inheritdoc/>
    public ServiceResult StartDaemon(SyncDaemon daemon) => ServiceResult.NotSupported("connection synchronization");

    /// <inheritdoc/>
    public ServiceResult StopDaemon(SyncRole role) => ServiceStatus.NoDaemon;

    /// <inheritdoc/>
    public IReadOnlyList<SyncDaemon> Daemons() => [];

    /// <summary>Runs a change under the lock; without an instance it is made, or the result is what an empty table gives.</summary>
    private ServiceResult Change(bool makes, Func<Instance, ServiceTables, ServiceResult> change, ServiceStatus empty = ServiceStatus.Done)
    {
        if (_batch is { } batch) return batch.TryOpen(makes) is { } open ? change(open.Instance, open.Tables) : empty;
        using var session = new Session(folder, null);
        return session.TryOpen(makes) is { } tables ? change(tables.Instance, tables.Tables) : empty;
    }

    private static ServiceResult Check(VirtualService service)
    {
        if (service.Key.Protocol == ServiceProtocol.Sctp) return ServiceResult.NotSupported("SCTP services");
        if (service.Key.Family == AddressFamily.IPv6 && service.PersistenceMask is < 1 or > 128) return ServiceStatus.Invalid;
        if (!SchedulerNames.IsKernels(service.Scheduler)) return ServiceStatus.SchedulerNotFound;
        if (SchedulerNames.TryParse(service.Scheduler) is null) return ServiceResult.NotSupported($"the {service.Scheduler} scheduler");
        if (service.PersistenceEngine.Length > 0) return ServiceResult.NotSupported($"the {service.PersistenceEngine} persistence engine");
        if (service.Flags.HasFlag(ModelFlags.OnePacket)) return ServiceResult.NotSupported("one-packet scheduling");
        return ServiceStatus.Done;
    }

    private static ServiceResult Check(ModelKey service, RealServer server)
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

    private static Service Fill(Service record, VirtualService service)
    {
        record.Scheduler = SchedulerNames.TryParse(service.Scheduler)!.Value;
        record.Flags = (DataPath.Services.ServiceFlags)service.Flags;
        record.PersistenceTimeout = service.IsPersistent ? service.PersistenceTimeout : 0;
        record.PersistenceMaskBe = BinaryPrimitives.ReverseEndianness(service.PersistenceMask);
        return record;
    }

    private static void Write(ref Server record, RealServer server)
    {
        record.Method = (DataPath.Services.ForwardingMethod)server.Forwarding;
        record.Weight = server.Weight;
        // ip_vs forgets an overload when the upper threshold goes or rises (__ip_vs_update_dest).
        if (server.UpperThreshold == 0 || server.UpperThreshold > record.UpperThreshold) record.Overloaded = 0;
        record.UpperThreshold = server.UpperThreshold;
        record.LowerThreshold = server.LowerThreshold;
        record.Flags |= ServerFlags.Available;
    }

    /// <summary>Writes the list and the tables of a record; false where there is no room.</summary>
    private static bool Complete(ServiceTables tables, ref Service record, uint[] slots)
    {
        var weighted = Array.ConvertAll(slots, slot => new WeightedServer(slot, SharedWeight(slot, tables)));
        var mark = WeightedRoundRobinMark.Of(weighted);
        (record.MaxWeight, record.WeightStep) = ((int)mark.MaxWeight, (int)mark.Step);
        record.TableStart = 0;
        if (record.Scheduler is Scheduler.SourceHashing or Scheduler.DestinationHashing)
        {
            var buckets = new uint[SourceHashTable.Size];
            if (record.Scheduler == Scheduler.SourceHashing) SourceHashTable.Fill(weighted, buckets);
            else DestinationHashTable.Fill(weighted, buckets);
            if (tables.WriteRun(buckets) is not { } table) return false;
            record.TableStart = table;
        }
        record.Sockets = CanChooseAtSocket(tables, record, slots) ? (byte)1 : (byte)0;
        if (tables.WriteRun(slots) is not { } start) return false;
        (record.ServerStart, record.ServerCount) = (start, (uint)slots.Length);
        return true;

        static int SharedWeight(uint slot, ServiceTables tables) => tables.Servers[(int)slot].Weight;
    }

    private static bool CanChooseAtSocket(ServiceTables tables, in Service record, uint[] slots)
    {
        if (record.PersistenceTimeout != 0 || record.Scheduler == Scheduler.SourceHashing) return false;
        foreach (var slot in slots)
        {
            if (tables.Servers[(int)slot].Method != DataPath.Services.ForwardingMethod.Masquerading) return false;
        }
        return true;
    }

    private static ServiceResult Commit(ServiceTables tables, ModelKey key, Service record, uint[] slots)
    {
        if (!Complete(tables, ref record, slots)) return ServiceStatus.NoSpace;
        tables.Set(key, record);
        if (record.Scheduler == Scheduler.WeightedRoundRobin) ResetPosition(tables, record);
        return ServiceStatus.Done;
    }

    private static void ResetPosition(ServiceTables tables, in Service record)
    {
        ref var position = ref tables.States[(int)record.Slot].Position;
        var weight = SchedulerPosition.CurrentWeight(Volatile.Read(ref position));
        var mark = new WeightedRoundRobinMark((uint)record.MaxWeight, (uint)record.WeightStep);
        Volatile.Write(ref position, record.Scheduler == Scheduler.WeightedRoundRobin ? SchedulerPosition.Of(0, 0, mark.CurrentWeightAfter(weight)) : 0);
    }

    private static void Retire(ServiceTables tables, in Service record)
    {
        foreach (var slot in tables.ServersOf(record)) tables.Retire(slot);
    }

    private static void Zero(ServiceTables tables, in Service record)
    {
        ref var state = ref tables.States[(int)record.Slot];
        state.Connections = state.InPackets = state.OutPackets = state.InBytes = state.OutBytes = 0;
        state.Tick = 0;
        tables.ForgetRates(Estimates.KeyOfService(record.Slot));
        foreach (var slot in tables.ServersOf(record))
        {
            ref var server = ref tables.Servers[(int)slot];
            server.Connections = server.InPackets = server.OutPackets = server.InBytes = server.OutBytes = 0;
            server.Tick = 0;
            tables.ForgetRates(Estimates.KeyOfServer(slot));
        }
    }

    /// <summary>The lock, the instance and its tables, for one change or several.</summary>
    private sealed class Session(StateFolder folder, Action? ended) : IDisposable
    {
        private readonly FileLock _held = folder.TakeLock(null)!;
        private Instance? _instance;
        private ServiceTables? _tables;

        /// <summary>null: there is no instance, and none is made.</summary>
        public (Instance Instance, ServiceTables Tables)? TryOpen(bool makes)
        {
            if (_tables is null)
            {
                _instance = Instance.TryOpenCurrent(folder, _held);
                if (_instance is null && !makes) return null;
                _instance ??= Instance.Create(folder, _held);
                _instance.Refresh(_held);
                _tables = new ServiceTables(_instance);
            }
            return (_instance!, _tables);
        }

        public void Dispose()
        {
            _tables?.Dispose();
            _instance?.Dispose();
            _held.Dispose();
            ended?.Invoke();
        }
    }

    private static int IndexOf(ServiceTables tables, uint[] slots, ServerKey key)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            ref var server = ref tables.Servers[(int)slots[i]];
            if (server.PortBe == NetworkOrder.PortBe(key.Port) && NetworkOrder.From(server.Address) == key.Address) return i;
        }
        return -1;
    }

}
