using Weir.Control.Instances;
using Weir.DataPath.Services;
using Weir.Model;
using Weir.Model.Proxying;
using KernelKey = Weir.DataPath.Services.ServiceKey;
using ModelKey = Weir.Model.ServiceKey;
using NoServerAction = Weir.DataPath.Services.NoServerAction;
using Service = Weir.DataPath.Services.Service;
using SourceTranslation = Weir.DataPath.Services.SourceTranslation;

namespace Weir.Control.Services;

/// <summary>
/// The virtual services of a Service proxy, in the tables of <see cref="ServiceStore"/>. It compares what is wanted with what is there, so it can begin at any time
/// with what an earlier run, or ipvsadm, has left. Settings are in <c>ProxyStore.Settings.cs</c>.
/// </summary>
public sealed partial class ProxyStore(StateFolder folder) : IProxyStore
{
    /// <inheritdoc/>
    public IReadOnlyList<(ModelKey Service, ServiceResult Result)> Apply(ProxyChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        using var session = new ServiceSession(folder);
        var (instance, tables) = session.TryOpen(makes: true, refreshes: change.IsWhole)!.Value;
        var ending = new EndingFlows();
        if (change.Settings is { } settings && Write(tables, settings)) session.Refresh();
        // Before the first service is there, so that none of its packets goes astray.
        if (change.Set.Count > 0 || IsGuarding(change.Settings)) instance.EnableServices(folder);
        var refused = new List<(ModelKey, ServiceResult)>();
        foreach (var service in change.Set)
        {
            if (Check(service) is { IsDone: false } refusal) refused.Add((service.Service.Key, refusal));
            else if (Put(tables, service, ending) is { IsDone: false } failure) refused.Add((service.Service.Key, failure));
        }
        foreach (var key in change.Removed) Remove(tables, ServiceTables.KeyOf(key), ending);
        if (change.IsWhole) RemoveOthers(tables, change, ending);
        // After the last service is there: its address is somebody else's service until then.
        if (change.Settings is { } guarding) Guard(instance, tables, guarding);
        if (tables.IsEmpty()) instance.DisableServices();
        ending.End(instance);
        return refused;
    }

    /// <inheritdoc/>
    public int Sweep()
    {
        using var session = new ServiceSession(folder);
        if (session.TryOpen(makes: false, refreshes: false) is not { } open) return 0;
        var tables = open.Tables;
        var servers = tables.Servers[..(int)(tables.HighestServer + 1)];
        var left = 0;
        var ended = new Dictionary<uint, HashSet<uint>>();
        for (var slot = 1; slot < servers.Length; slot++)
        {
            ref var server = ref servers[slot];
            if ((server.Flags & (ServerFlags.Available | ServerFlags.Leaving)) != (ServerFlags.Available | ServerFlags.Leaving)) continue;
            if (ServiceTables.HasConnections(server)) left++;
            else if (ended.TryGetValue(server.ServiceSlot, out var slots)) slots.Add((uint)slot);
            else ended.Add(server.ServiceSlot, [(uint)slot]);
        }
        foreach (var (service, slots) in ended)
        {
            var key = tables.States[(int)service].Key;
            if (!tables.TryGet(key, out var record)) continue;
            var staying = Array.FindAll(tables.ServersOf(record), slot => !slots.Contains(slot));
            if (!ServiceRecords.Commit(tables, key, record, ServiceRecords.Weigh(tables, staying)).IsDone)
            {
                left += slots.Count;
                continue;
            }
            foreach (var slot in slots) tables.Retire(slot);
        }
        return left;
    }

    private static ServiceResult Check(ProxiedService wanted)
    {
        if (ServiceRecords.Check(wanted.Service) is { IsDone: false } refusal) return refusal;
        foreach (var server in wanted.Servers.Items.AddRange(wanted.NearServers?.Items ?? []))
        {
            if (ServiceRecords.Check(wanted.Service.Key, server) is { IsDone: false } objection) return objection;
        }
        foreach (var source in wanted.Sources)
        {
            if (source.PrefixLength < 0 || source.Family != wanted.Service.Key.Family) return ServiceStatus.Invalid;
        }
        return ServiceStatus.Done;
    }

    /// <summary>
    /// Makes a service what is wanted. Its record is written last, and what it names is written anew where it changes (runs of servers, realms of sources), so a packet
    /// meets it as it was or as it is to be.
    /// </summary>
    private static ServiceResult Put(ServiceTables tables, ProxiedService wanted, EndingFlows ending)
    {
        var key = ServiceTables.KeyOf(wanted.Service.Key);
        var nearKey = key with { Scope = (byte)(key.Scope | KernelKey.Near) };
        var exists = tables.TryGet(key, out var present);
        if (!exists)
        {
            if (tables.TakeServiceSlot(key) is not { } slot) return ServiceStatus.NoSpace;
            present = new() { Slot = slot };
        }
        var record = ServiceRecords.Fill(present, wanted.Service);
        record.Policy = ServicePolicy.Proxied;
        record.Masquerade = (SourceTranslation)wanted.Masquerade;
        record.Sources = SourcesOf(tables, present, wanted);
        if (wanted.NearServers is { } servers)
        {
            var isThere = tables.TryGet(nearKey, out var presentNear);
            if (!isThere)
            {
                if (tables.TakeServiceSlot(nearKey) is not { } slot) return ServiceStatus.NoSpace;
                presentNear = new() { Slot = slot };
            }
            var near = ServiceRecords.Fill(presentNear, wanted.Service) with { Policy = record.Policy, Masquerade = record.Masquerade, Sources = record.Sources };
            if (Put(tables, nearKey, isThere, presentNear, near, servers, ending) is { IsDone: false } failure) return failure;
            record.Policy |= ServicePolicy.HasNear;
        }
        record.NoServer = (NoServerAction)wanted.NoServer;
        if (Put(tables, key, exists, present, record, wanted.Servers, ending) is { IsDone: false } refusal) return refusal;
        if (!exists) ending.AddService(key);
        if ((present.Policy & ~record.Policy & ServicePolicy.HasNear) != 0) Remove(tables, nearKey, ending);
        if (present.Sources != 0 && present.Sources != record.Sources) tables.Networks.RemoveRealm(present.Sources);
        return ServiceStatus.Done;
    }

    /// <summary>The realm of a service's sources: the present one, or a new one, so that the change of the record changes all at once.</summary>
    private static uint SourcesOf(ServiceTables tables, in Service present, ProxiedService wanted)
    {
        if (wanted.Sources.Count == 0) return 0;
        var sources = new Dictionary<AddressMask, NetworkUse>();
        foreach (var source in wanted.Sources) sources[AddressMask.Prefix(source.Address, source.PrefixLength)] = NetworkUse.Inside;
        if (present.Sources != 0)
        {
            var known = tables.Networks.Read(present.Sources);
            if (known.Count == sources.Count && sources.Keys.All(known.ContainsKey)) return present.Sources;
        }
        var realm = present.Sources == present.Slot << 1 ? present.Slot << 1 | 1 : present.Slot << 1;
        // A command that was killed may have left something there.
        tables.Networks.Change(realm, tables.Networks.Read(realm), sources);
        return realm;
    }

    /// <summary>Makes a record live with these servers. Where nothing differs, nothing is written.</summary>
    private static ServiceResult Put(ServiceTables tables, KernelKey key, bool exists, in Service present, Service record, ValueList<RealServer> wanted, EndingFlows ending)
    {
        var change = new ServerChange(tables, present, key.Protocol, wanted);
        if (exists && !change.IsNeeded && IsSame(present, record)) return ServiceStatus.Done;
        if (!change.TakeSlots(tables, record.Slot)) return ServiceStatus.NoSpace;
        var result = ServiceRecords.Commit(tables, key, record, change.Begin(tables));
        if (!result.IsDone)
        {
            change.GiveUp(tables);
            return result;
        }
        if (exists && record.Scheduler != present.Scheduler) ServiceRecords.ResetPosition(tables, record);
        change.Finish(tables, slot => ending.AddServer(tables, slot));
        return result;
    }

    private static bool IsSame(in Service present, in Service record) =>
        (present.Scheduler, present.Flags, present.PersistenceTimeout, present.PersistenceMaskBe) == (record.Scheduler, record.Flags, record.PersistenceTimeout, record.PersistenceMaskBe) &&
        (present.Policy, present.Masquerade, present.NoServer, present.Sources) == (record.Policy, record.Masquerade, record.NoServer, record.Sources);

    private static void Remove(ServiceTables tables, KernelKey key, EndingFlows ending)
    {
        if (tables.TryGet(key, out var record)) ServiceRecords.Remove(tables, key, record, slot => ending.AddServer(tables, slot));
    }

    private void RemoveOthers(ServiceTables tables, ProxyChange change, EndingFlows ending)
    {
        var wanted = change.Set.Select(service => service.Service.Key).ToHashSet();
        var excluded = ExcludedPrefixes(tables);
        foreach (var (key, _) in tables.All())
        {
            var model = ServiceTables.KeyOf(key);
            if ((key.Scope & KernelKey.Near) != 0 || wanted.Contains(model) || (!model.IsMark && excluded.Any(prefix => prefix.Contains(model.Address)))) continue;
            Remove(tables, key, ending);
        }
    }
}
