using System.Buffers.Binary;
using System.Diagnostics;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.DataPath.Services;
using Weir.Model;
using ForwardingMethod = Weir.Model.ForwardingMethod;
using KernelKey = Weir.DataPath.Services.ServiceKey;
using ModelFlags = Weir.Model.ServiceFlags;
using ModelKey = Weir.Model.ServiceKey;
using ModelState = Weir.Model.ServiceState;
using Service = Weir.DataPath.Services.Service;

namespace Weir.Control.Services;

/// <summary>What listings show.</summary>
public sealed partial class ServiceStore
{

    /// <inheritdoc/>
    public ServiceTimeouts Timeouts()
    {
        using var instance = Instance.TryOpen(folder);
        if (instance is null) return ServiceTimeouts.Default;
        var settings = instance.Map(nameof(Maps.Timeouts)).AsArray<TimeoutSettings>()[0];
        return new(settings.IpvsTcp, settings.IpvsTcpFin, settings.IpvsUdp);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ModelState> List()
    {
        using var instance = Instance.TryOpen(folder);
        if (instance is null) return [];
        using var tables = new ServiceTables(instance);
        return [.. tables.All().Where(entry => (entry.Key.Scope & KernelKey.Near) == 0).Select(entry => StateOf(tables, ServiceTables.KeyOf(entry.Key), entry.Value))];
    }

    /// <inheritdoc/>
    public ModelState? Find(ModelKey service)
    {
        using var instance = Instance.TryOpen(folder);
        if (instance is null) return null;
        using var tables = new ServiceTables(instance);
        return tables.TryGet(service, out var record) ? StateOf(tables, service, record) : null;
    }

    /// <inheritdoc/>
    public IEnumerable<ConnectionEntry> Connections()
    {
        using var instance = Instance.TryOpen(folder);
        if (instance is null) yield break;
        using var tables = new ServiceTables(instance);
        foreach (var (tuple, flow) in instance.Map(nameof(Maps.Flows)).AsHash<FlowTuple, Flow>().ToArray())
        {
            if ((flow.Status & FlowStatus.Service) != 0 && EntryOf(tables, tuple, flow) is { } entry) yield return entry;
        }
        foreach (var (key, template) in instance.Map(nameof(Maps.Templates)).AsHash<TemplateKey, Template>().ToArray())
        {
            yield return EntryOf(tables, key, template);
        }
    }

    private static ModelState StateOf(ServiceTables tables, ModelKey key, in Service record)
    {
        ref readonly var state = ref tables.States[(int)record.Slot];
        var servers = new List<ServerState>((int)record.ServerCount);
        foreach (var slot in tables.ServersOf(record)) servers.Add(StateOf(tables, slot));
        return new()
        {
            Service = new()
            {
                Key = key,
                Scheduler = SchedulerNames.Of(record.Scheduler),
                Flags = (ModelFlags)record.Flags,
                PersistenceTimeout = record.PersistenceTimeout,
                PersistenceMask = BinaryPrimitives.ReverseEndianness(record.PersistenceMaskBe),
            },
            Servers = servers,
            Counters = new(state.Connections, state.InPackets, state.OutPackets, state.InBytes, state.OutBytes),
            Rates = tables.RatesOf(Estimates.KeyOfService(record.Slot), state.Tick, TrafficOf(state)),
        };
    }

    private static ServerState StateOf(ServiceTables tables, uint slot)
    {
        ref readonly var server = ref tables.Servers[(int)slot];
        return new()
        {
            Server = new()
            {
                Key = ServiceTables.KeyOf(server),
                Forwarding = (ForwardingMethod)server.Method,
                Weight = server.Weight,
                UpperThreshold = server.UpperThreshold,
                LowerThreshold = server.LowerThreshold,
            },
            ActiveConnections = NotNegative(server.Active),
            InactiveConnections = NotNegative(server.Inactive),
            PersistentConnections = NotNegative(server.Persistent),
            Counters = new(server.Connections, server.InPackets, server.OutPackets, server.InBytes, server.OutBytes),
            Rates = tables.RatesOf(Estimates.KeyOfServer(slot), server.Tick, TrafficOf(server)),
        };
    }

    private static Traffic TrafficOf(in Server server) => new()
    {
        Connections = server.Connections,
        InPackets = server.InPackets,
        OutPackets = server.OutPackets,
        InBytes = server.InBytes,
        OutBytes = server.OutBytes,
    };

    private static Traffic TrafficOf(in DataPath.Services.ServiceState state) => new()
    {
        Connections = state.Connections,
        InPackets = state.InPackets,
        OutPackets = state.OutPackets,
        InBytes = state.InBytes,
        OutBytes = state.OutBytes,
    };

    private static ConnectionEntry? EntryOf(ServiceTables tables, in FlowTuple tuple, in Flow flow)
    {
        if (flow.ServerSlot >= tables.Servers.Length) return null;
        return new()
        {
            Protocol = (ServiceProtocol)tuple.Protocol,
            Expires = SecondsUntil(flow.Expires),
            State = (ServiceProtocol)tuple.Protocol switch
            {
                ServiceProtocol.Tcp => TextOf(flow.IpvsState),
                ServiceProtocol.Sctp => TextOf((SctpState)flow.IpvsState),
                _ => "UDP",
            },
            Client = new(NetworkOrder.From(tuple.Source), NetworkOrder.PortBe(tuple.SourcePortBe)),
            Virtual = new(NetworkOrder.From(flow.Virtual), NetworkOrder.PortBe(flow.VirtualPortBe)),
            Destination = ServiceTables.KeyOf(tables.Servers[(int)flow.ServerSlot]),
        };
    }

    private static ConnectionEntry EntryOf(ServiceTables tables, in TemplateKey key, in Template template)
    {
        var server = ServiceTables.KeyOf(tables.Servers[(int)Math.Min(template.ServerSlot, (uint)tables.Servers.Length - 1)]);
        var isMark = key.Mark != 0;
        return new()
        {
            Protocol = isMark ? null : (ServiceProtocol)key.Protocol,
            Expires = SecondsUntil(template.Expires),
            State = template.Assured != 0 ? "ASSURED" : "NONE",
            Client = new(NetworkOrder.From(key.Client), 0),
            // A template of a service by mark has the mark where the address would be (ip_vs_sched_persist).
            Virtual = isMark ? new(Address.FromIPv4(key.Mark), 0) : new(NetworkOrder.From(key.Virtual), NetworkOrder.PortBe(key.VirtualPortBe)),
            Destination = isMark || key.VirtualPortBe == 0 ? server with { Port = 0 } : server,
        };
    }

    private static uint NotNegative(int count) => (uint)Math.Max(count, 0);

    // Programs count by CLOCK_MONOTONIC, which is what Stopwatch counts by on Linux, in nanoseconds.
    private static uint SecondsUntil(ulong expires) => (uint)(Math.Max(0, (long)expires - Stopwatch.GetTimestamp()) / Stopwatch.Frequency);

    // What ip_vs calls them (sctp_state_name_table).
    private static string TextOf(SctpState state) => state switch
    {
        SctpState.Init1 => "INIT1",
        SctpState.Init => "INIT",
        SctpState.CookieSent => "C-SENT",
        SctpState.CookieReplied => "C-REPLIED",
        SctpState.CookieWait => "C-WAIT",
        SctpState.Cookie => "COOKIE",
        SctpState.CookieEchoed => "C-ECHOED",
        SctpState.Established => "ESTABLISHED",
        SctpState.ShutdownSent => "S-SENT",
        SctpState.ShutdownReceived => "S-RECEIVED",
        SctpState.ShutdownAckSent => "S-ACK-SENT",
        SctpState.Rejected => "REJECTED",
        SctpState.Closed => "CLOSED",
        _ => "NONE",
    };

    private static string TextOf(IpvsState state) => state switch
    {
        IpvsState.Established => "ESTABLISHED",
        IpvsState.SynSent => "SYN_SENT",
        IpvsState.SynReceived => "SYN_RECV",
        IpvsState.FinWait => "FIN_WAIT",
        IpvsState.TimeWait => "TIME_WAIT",
        IpvsState.Close => "CLOSE",
        IpvsState.CloseWait => "CLOSE_WAIT",
        IpvsState.LastAck => "LAST_ACK",
        IpvsState.Listen => "LISTEN",
        IpvsState.SynAck => "SYNACK",
        _ => "NONE",
    };
}
