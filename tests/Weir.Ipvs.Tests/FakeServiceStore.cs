using Weir.Model;

namespace Weir.Ipvs.Tests;

/// <summary>Services in memory, with the answers and orders of Linux's ip_vs.</summary>
/// <param name="salt">What the kernel mixes into the hash of services; it differs with every boot and network namespace.</param>
internal sealed class FakeServiceStore(byte salt = 0) : IServiceStore
{
    public IDisposable Batch() => new MemoryStream();

    private static readonly string[] Schedulers = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"];

    private readonly List<ServiceState> _services = [];
    private readonly List<SyncDaemon> _daemons = [];
    private ServiceTimeouts _timeouts = ServiceTimeouts.Default;

    public List<ConnectionEntry> Entries { get; } = [];

    /// <summary>What the store says it cannot do, by service and (if there is one) server.</summary>
    public Func<VirtualService, RealServer?, string?> Unsupported { get; init; } = (_, _) => null;

    public int ConnectionTableSize => 4096;

    public ServiceResult Add(VirtualService service)
    {
        if (IndexOf(service.Key) >= 0) return ServiceStatus.ServiceExists;
        if (Check(service) is { IsDone: false } refusal) return refusal;
        _services.Insert(0, new() { Service = service });
        return ServiceResult.Done;
    }

    public ServiceResult Edit(VirtualService service)
    {
        if (IndexOf(service.Key) is var index && index < 0) return ServiceStatus.NoSuchService;
        if (Check(service) is { IsDone: false } refusal) return refusal;
        _services[index] = _services[index] with { Service = service };
        return ServiceResult.Done;
    }

    public ServiceResult Delete(ServiceKey service) =>
        _services.RemoveAll(state => state.Service.Key == service) > 0 ? ServiceResult.Done : ServiceStatus.NoSuchService;

    public ServiceResult Flush()
    {
        _services.Clear();
        return ServiceResult.Done;
    }

    public ServiceResult AddServer(ServiceKey service, RealServer server) => ChangeServer(service, server, (servers, index) =>
    {
        if (index >= 0) return ServiceStatus.ServerExists;
        if (!IsUnicast(server.Key.Address)) return ServiceStatus.Invalid;
        servers.Insert(0, new() { Server = server });
        return ServiceResult.Done;
    });

    public ServiceResult EditServer(ServiceKey service, RealServer server) => ChangeServer(service, server, (servers, index) =>
    {
        if (index < 0) return ServiceStatus.NoSuchServer;
        servers[index] = servers[index] with { Server = server };
        return ServiceResult.Done;
    });

    public ServiceResult DeleteServer(ServiceKey service, ServerKey server)
    {
        if (IndexOf(service) is var index && index < 0) return ServiceStatus.NoSuchService;
        var servers = _services[index].Servers.Where(state => state.Server.Key != server).ToList();
        if (servers.Count == _services[index].Servers.Count) return ServiceStatus.NoSuchServer;
        _services[index] = _services[index] with { Servers = servers };
        return ServiceResult.Done;
    }

    public ServiceResult Zero(ServiceKey? service)
    {
        if (service is { } key && IndexOf(key) < 0) return ServiceStatus.NoSuchService;
        Update(state => service is not null && state.Service.Key != service ? state : state with
        {
            Counters = default,
            Rates = default,
            Servers = [.. state.Servers.Select(server => server with { Counters = default, Rates = default })],
        });
        return ServiceResult.Done;
    }

    public ServiceResult SetTimeouts(ServiceTimeouts timeouts)
    {
        static uint Pick(uint value, uint old) => value == 0 ? old : value;
        _timeouts = new(Pick(timeouts.Tcp, _timeouts.Tcp), Pick(timeouts.TcpFin, _timeouts.TcpFin), Pick(timeouts.Udp, _timeouts.Udp));
        return ServiceResult.Done;
    }

    public ServiceTimeouts Timeouts() => _timeouts;

    // The kernel lists the table of addresses before the table of marks, bucket by bucket, the newest of a bucket first.
    public IReadOnlyList<ServiceState> List() =>
        [.. _services.OrderBy(state => state.Service.Key.IsMark).ThenBy(state => HashOf(state.Service.Key))];

    public ServiceState? Find(ServiceKey service) => IndexOf(service) is var index && index < 0 ? null : _services[index];

    public IEnumerable<ConnectionEntry> Connections() => Entries;

    public ServiceResult StartDaemon(SyncDaemon daemon)
    {
        if (daemon.Interface != "lo") return ServiceStatus.NoSuchDevice;
        if (_daemons.Exists(running => running.Role == daemon.Role)) return ServiceStatus.DaemonRunning;
        var longest = daemon.Role == SyncRole.Master ? (ushort)1472 : (ushort)65507;
        _daemons.Add(daemon with
        {
            MaximumLength = daemon.MaximumLength == 0 ? longest : daemon.MaximumLength,
            Group = daemon.Group ?? Address.Parse("224.0.0.81"),
            Port = daemon.Port == 0 ? (ushort)8848 : daemon.Port,
            TimeToLive = daemon.TimeToLive == 0 ? (byte)1 : daemon.TimeToLive,
        });
        return ServiceResult.Done;
    }

    public ServiceResult StopDaemon(SyncRole role) =>
        _daemons.RemoveAll(daemon => daemon.Role == role) > 0 ? ServiceResult.Done : ServiceStatus.NoDaemon;

    public IReadOnlyList<SyncDaemon> Daemons() => [.. _daemons.OrderBy(daemon => daemon.Role)];

    /// <summary>Changes live values.</summary>
    public void Update(Func<ServiceState, ServiceState> change)
    {
        for (var i = 0; i < _services.Count; i++) _services[i] = change(_services[i]);
    }

    private ServiceResult ChangeServer(ServiceKey service, RealServer server, Func<List<ServerState>, int, ServiceResult> change)
    {
        if (IndexOf(service) is var index && index < 0) return ServiceStatus.NoSuchService;
        var state = _services[index];
        if (server.Weight < 0 || server.LowerThreshold > server.UpperThreshold) return ServiceStatus.OutOfRange;
        if (Unsupported(state.Service, server) is { } reason) return ServiceResult.NotSupported(reason);
        var servers = state.Servers.ToList();
        var result = change(servers, servers.FindIndex(other => other.Server.Key == server.Key));
        if (result.IsDone) _services[index] = state with { Servers = servers };
        return result;
    }

    private ServiceResult Check(VirtualService service)
    {
        if (!Schedulers.Contains(service.Scheduler)) return ServiceStatus.SchedulerNotFound;
        if (service.PersistenceEngine is not ("" or "sip")) return ServiceStatus.SchedulerNotFound;
        return Unsupported(service, null) is { } reason ? ServiceResult.NotSupported(reason) : ServiceResult.Done;
    }

    private int IndexOf(ServiceKey key) => _services.FindIndex(state => state.Service.Key == key);

    private static bool IsUnicast(Address address)
    {
        if (address.IsIPv4) return address.IPv4 is not (0 or uint.MaxValue or 0x7fff_ffff) && address.IPv4 >> 28 != 0xe;
        return address != Address.AnyIPv6 && address.High >> 56 != 0xff && address.High >> 54 != 0xfe80 >> 6;
    }

    private int HashOf(ServiceKey key)
    {
        if (key.IsMark) return (int)((key.Mark ^ salt) & 0xff);
        var fold = key.Address.IPv4;
        if (key.Family == AddressFamily.IPv6)
            fold ^= (uint)(key.Address.Low >> 32) ^ (uint)key.Address.High ^ (uint)(key.Address.High >> 32);
        return (int)(((uint)key.Protocol ^ fold ^ salt ^ (uint)(key.Port >> 8) ^ key.Port) & 0xff);
    }
}
