using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Services;
using Weir.Model;
using KernelKey = Weir.DataPath.Services.ServiceKey;
using ModelKey = Weir.Model.ServiceKey;
using ModelState = Weir.Model.ServiceState;
using Service = Weir.DataPath.Services.Service;

namespace Weir.Control.Services;

/// <summary>
/// The virtual services of this network namespace, in the kernel. The maps are the source of truth.
/// </summary>
public sealed partial class ServiceStore(StateFolder folder) : IServiceStore
{
    private ServiceSession? _batch;

    /// <inheritdoc/>
    public int ConnectionTableSize => 4096;

    /// <inheritdoc/>
    public IDisposable Batch() => _batch = new ServiceSession(folder, () => _batch = null);

    /// <inheritdoc/>
    public ServiceResult Add(VirtualService service)
    {
        if (ServiceRecords.Check(service) is { IsDone: false } refusal) return refusal;
        return Change(true, (instance, tables) =>
        {
            if (tables.TryGet(service.Key, out _)) return ServiceStatus.ServiceExists;
            if (tables.TakeServiceSlot(ServiceTables.KeyOf(service.Key)) is not { } slot) return ServiceStatus.NoSpace;
            var record = ServiceRecords.Fill(new() { Slot = slot }, service);
            if (!ServiceRecords.Complete(tables, ref record, [])) return ServiceStatus.NoSpace;
            instance.EnableServices(folder);
            tables.Set(ServiceTables.KeyOf(service.Key), record);
            return ServiceStatus.Done;
        });
    }

    /// <inheritdoc/>
    public ServiceResult Edit(VirtualService service)
    {
        if (ServiceRecords.Check(service) is { IsDone: false } refusal) return refusal;
        return Change(false, (_, tables) =>
        {
            if (!tables.TryGet(service.Key, out var record)) return ServiceStatus.NoSuchService;
            var changed = ServiceRecords.Fill(record, service);
            if (!ServiceRecords.Complete(tables, ref changed, ServiceRecords.Weigh(tables, tables.ServersOf(record)))) return ServiceStatus.NoSpace;
            tables.Set(ServiceTables.KeyOf(service.Key), changed);
            // A new scheduler starts at the list's head.
            if (changed.Scheduler != record.Scheduler) ServiceRecords.ResetPosition(tables, changed);
            return ServiceStatus.Done;
        }, ServiceStatus.NoSuchService);
    }

    /// <inheritdoc/>
    public ServiceResult Delete(ModelKey service) => Change(false, (instance, tables) =>
    {
        if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
        ServiceRecords.Remove(tables, ServiceTables.KeyOf(service), record);
        if (tables.IsEmpty()) instance.DisableServices();
        return ServiceStatus.Done;
    }, ServiceStatus.NoSuchService);

    /// <inheritdoc/>
    public ServiceResult Flush() => Change(false, (instance, tables) =>
    {
        foreach (var (key, record) in tables.All())
        {
            if ((key.Scope & KernelKey.Near) == 0) ServiceRecords.Remove(tables, key, record);
        }
        instance.DisableServices();
        return ServiceStatus.Done;
    }, ServiceStatus.Done);

    /// <inheritdoc/>
    public ServiceResult AddServer(ModelKey service, RealServer server)
    {
        if (ServiceRecords.Check(service, server) is { IsDone: false } refusal) return refusal;
        return Change(false, (_, tables) =>
        {
            if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
            var slots = tables.ServersOf(record);
            if (ServiceRecords.IndexOf(tables, slots, server.Key) >= 0) return ServiceStatus.ServerExists;
            if (tables.TakeServerSlot(record.Slot, server.Key) is not { } slot) return ServiceStatus.NoSpace;
            ServiceRecords.Write(ref tables.Servers[(int)slot], server);
            return Commit(tables, service, record, [slot, .. slots]);
        }, ServiceStatus.NoSuchService);
    }

    /// <inheritdoc/>
    public ServiceResult EditServer(ModelKey service, RealServer server)
    {
        if (ServiceRecords.Check(service, server) is { IsDone: false } refusal) return refusal;
        return Change(false, (_, tables) =>
        {
            if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
            var slots = tables.ServersOf(record);
            var index = ServiceRecords.IndexOf(tables, slots, server.Key);
            if (index < 0) return ServiceStatus.NoSuchServer;
            ServiceRecords.Write(ref tables.Servers[(int)slots[index]], server);
            return Commit(tables, service, record, slots);
        }, ServiceStatus.NoSuchService);
    }

    /// <inheritdoc/>
    public ServiceResult DeleteServer(ModelKey service, ServerKey server) => Change(false, (_, tables) =>
    {
        if (!tables.TryGet(service, out var record)) return ServiceStatus.NoSuchService;
        var slots = tables.ServersOf(record);
        var index = ServiceRecords.IndexOf(tables, slots, server);
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
        using var session = new ServiceSession(folder);
        return session.TryOpen(makes) is { } tables ? change(tables.Instance, tables.Tables) : empty;
    }

    private static ServiceResult Commit(ServiceTables tables, ModelKey key, in Service record, uint[] slots) =>
        ServiceRecords.Commit(tables, ServiceTables.KeyOf(key), record, ServiceRecords.Weigh(tables, slots));

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
}
