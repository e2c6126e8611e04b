using Weir.Control.Images;
using Weir.DataPath.Services;
using Weir.Model;
using Service = Weir.DataPath.Services.Service;

namespace Weir.Control.Services;

/// <summary>
/// What becomes of a service's servers when it gets those that a proxy wants: some stay, some change, some come, some go, and those of TCP that have connections leave
/// when these have ended.
/// </summary>
internal sealed class ServerChange
{
    private const byte Tcp = 6;
    private const ServerFlags Staying = ServerFlags.Available | ServerFlags.EndsFlows;
    private const ServerFlags Quiesced = Staying | ServerFlags.Leaving;

    /// <summary>The present list without those that go.</summary>
    private readonly List<uint> _listed = [];
    private readonly List<(uint Slot, RealServer Server)> _changed = [];
    private readonly List<uint> _leaving = [];
    private readonly List<uint> _gone = [];
    private readonly List<RealServer> _coming = [];

    /// <summary>The slots of those that come, the newest first.</summary>
    private readonly List<uint> _taken = [];

    public ServerChange(ServiceTables tables, in Service present, byte protocol, ValueList<RealServer> wanted)
    {
        var missing = new Dictionary<ServerKey, RealServer>(wanted.Count);
        foreach (var server in wanted) missing[server.Key] = server;
        foreach (var slot in present.ServerCount == 0 ? [] : tables.ServersOf(present))
        {
            ref var server = ref tables.Servers[(int)slot];
            if (missing.Remove(ServiceTables.KeyOf(server), out var model))
            {
                _listed.Add(slot);
                if (!IsSame(server, model)) _changed.Add((slot, model));
            }
            else if (protocol == Tcp && ServiceTables.HasConnections(server))
            {
                _listed.Add(slot);
                if (server.Flags != Quiesced || server.Weight != 0) _leaving.Add(slot);
            }
            else
            {
                _gone.Add(slot);
            }
        }
        foreach (var server in wanted)
        {
            if (missing.Remove(server.Key, out var model)) _coming.Add(model);
        }
    }

    /// <summary>Whether anything is to be done.</summary>
    public bool IsNeeded => _changed.Count + _leaving.Count + _gone.Count + _coming.Count > 0;

    /// <summary>Gives those that come their slots, filled in; false where there is no room.</summary>
    public bool TakeSlots(ServiceTables tables, uint serviceSlot)
    {
        foreach (var server in _coming)
        {
            if (tables.TakeServerSlot(serviceSlot, server.Key) is not { } slot)
            {
                GiveUp(tables);
                return false;
            }
            Write(ref tables.Servers[(int)slot], server);
            _taken.Insert(0, slot);
        }
        return true;
    }

    /// <summary>Takes the slots of <see cref="TakeSlots"/> back.</summary>
    public void GiveUp(ServiceTables tables)
    {
        foreach (var slot in _taken) tables.Retire(slot);
        _taken.Clear();
    }

    /// <summary>Changes those that stay, and gives the list to be made live. Those that leave work until then: a client always finds a server.</summary>
    public WeightedServer[] Begin(ServiceTables tables)
    {
        foreach (var (slot, server) in _changed) Write(ref tables.Servers[(int)slot], server);
        foreach (var slot in _leaving) tables.Servers[(int)slot].Flags |= Quiesced;
        var servers = ServiceRecords.Weigh(tables, [.. _taken, .. _listed]);
        for (var i = 0; i < servers.Length; i++)
        {
            if (_leaving.Contains(servers[i].Slot)) servers[i] = servers[i] with { Weight = 0 };
        }
        return servers;
    }

    /// <summary>The list is live: takes away those that are not in it, and lets those that leave have no new connections.</summary>
    public void Finish(ServiceTables tables, Action<uint> retiring)
    {
        foreach (var slot in _leaving) tables.Servers[(int)slot].Weight = 0;
        foreach (var slot in _gone)
        {
            retiring(slot);
            tables.Retire(slot);
        }
    }

    private static void Write(ref Server server, RealServer model)
    {
        ServiceRecords.Write(ref server, model);
        server.Flags |= ServerFlags.EndsFlows;
    }

    private static bool IsSame(in Server server, RealServer model) =>
        server.Flags == Staying && server.Weight == model.Weight && server.Method == (DataPath.Services.ForwardingMethod)model.Forwarding &&
        server.UpperThreshold == model.UpperThreshold && server.LowerThreshold == model.LowerThreshold;
}
