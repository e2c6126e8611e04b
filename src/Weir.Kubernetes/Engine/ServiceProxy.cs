using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Objects;
using Weir.Kubernetes.Semantics;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Engine;

/// <summary>
/// Keeps the virtual services of a node as the objects of the cluster want them. Objects come in from any thread; one loop (<see cref="RunAsync"/>)
/// turns them into changes of the store. Nothing is done before Services and endpoint slices are synced; then only what a change concerns is computed.
/// The parts: the loop here, the objects that come in in <c>ServiceProxy.Objects.cs</c>, what is known about it in <c>ServiceProxy.Status.cs</c>.
/// </summary>
public sealed partial class ServiceProxy : IObjectSink, IProxyStatus
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMinutes(1), FirstRetry = TimeSpan.FromSeconds(1);

    private readonly ProxyOptions _options;
    private readonly IProxyStore _store;
    private readonly INodeNetwork _network;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly InputLog _inputLog;
    private readonly ObjectCache _cache;
    private readonly FrontendTable _table;
    private readonly SemaphoreSlim _signal = new(0);
    private readonly long _origin;
    private readonly Dictionary<ServiceKey, ServiceResult> _refused = [];

    private ServiceTranslator? _translator;
    private NodeView? _node;
    private HashSet<Address> _localAddresses = [];
    private ProxySettings? _settings;
    private TimeSpan _fullAt, _sweepAt, _notBefore, _retry = FirstRetry;

    /// <summary>A proxy that does nothing before <see cref="RunAsync"/>.</summary>
    /// <param name="options">What the operator says.</param>
    /// <param name="store">The virtual services.</param>
    /// <param name="network">The node's devices.</param>
    /// <param name="logger">Where bad input and failures are named.</param>
    /// <param name="time">The clock.</param>
    public ServiceProxy(ProxyOptions options, IProxyStore store, INodeNetwork network, ILogger<ServiceProxy> logger, TimeProvider? time = null)
    {
        _store = store;
        _network = network;
        _logger = logger;
        _time = time ?? TimeProvider.System;
        _origin = _time.GetTimestamp();
        _sweepAt = SweepPeriod;
        _inputLog = new InputLog(logger);
        _cache = new ObjectCache(options.NodeName, _inputLog, _time, () => _signal.Release());
        _table = new FrontendTable(_inputLog);
        _options = options with { Scheduler = KnownScheduler(options.Scheduler) };
    }

    private TimeSpan Elapsed => _time.GetElapsedTime(_origin);

    /// <summary>Runs until it is cancelled; what is in force then stays in force.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        _network.Prepare(_options.IsArpStrict);
        using var timer = _time.CreateTimer(_ => _signal.Release(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (!cancellation.IsCancellationRequested)
        {
            timer.Change(Step(), Timeout.InfiniteTimeSpan);
            try
            {
                await _signal.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            // Many changes may have come; one step takes them all.
            while (_signal.Wait(0, CancellationToken.None))
            {
            }
        }
    }

    /// <summary>Does what is due.</summary>
    /// <returns>How long until something is due even if no change comes.</returns>
    internal TimeSpan Step()
    {
        if (!_cache.IsSynced) return Timeout.InfiniteTimeSpan;
        var now = Elapsed;
        if (now >= _notBefore && (now >= _fullAt || _cache.HasChanges)) Synchronize(now >= _fullAt);
        if (now >= _sweepAt) Sweep();

        var due = _fullAt < _sweepAt ? _fullAt : _sweepAt;
        if (due < _notBefore || _cache.HasChanges) due = _notBefore;
        var wait = due - Elapsed;
        // Timers count whole milliseconds.
        return wait > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) : TimeSpan.Zero;
    }

    private void Synchronize(bool isFull)
    {
        var start = Elapsed;
        var changed = 0;
        var failed = 0;
        var isFailed = false;
        ObjectChanges? changes = null;
        try
        {
            var isNodeChanged = UpdateNode(isFull);
            changes = _cache.Take(all: isNodeChanged);
            foreach (var service in changes.Services) Translate(service);
            var (set, removed) = _table.Changes();
            changed = set.Count + removed.Count;
            // The lists of all objects, of which little is kept, came and went just now.
            var isFirst = _settings is null;
            if (isFirst) GiveMemoryBack();
            failed = Apply(set, removed, isFull);
            if (isFirst) GiveMemoryBack();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            // A kernel that refuses today may not tomorrow, and what is in force stays: a proxy that ended would be worse.
            isFailed = true;
            SyncFailed(_logger, problem);
        }

        var end = Elapsed;
        _notBefore = end + _options.MinSyncPeriod;
        if (isFailed || failed > 0)
        {
            var retry = end + (_retry < _options.SyncPeriod ? _retry : _options.SyncPeriod);
            _fullAt = isFull || retry < _fullAt ? retry : _fullAt;
            if (isFull && _retry < _options.SyncPeriod) _retry *= 2;
            // Nothing was put in force, so the next time has to be a full one; where just some services were refused, others need not wait for them.
            if (isFailed) _notBefore = _fullAt;
        }
        else if (isFull)
        {
            _fullAt = end + _options.SyncPeriod;
            _retry = FirstRetry;
        }
        Report(changes, end - start, isFull, changed, failed, isFailed);
    }

    /// <summary>A node's memory is its pods': what a rare amount of work took is not kept for the next time.</summary>
    private static void GiveMemoryBack() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    /// <summary>Looks at the node: its zone, and where everything is looked at, its addresses too.</summary>
    /// <returns>Whether every Service has to be looked at again.</returns>
    private bool UpdateNode(bool isFull)
    {
        var zone = _cache.Zone;
        if (!isFull && _node is not null && _node.Zone == zone) return false;
        var addresses = isFull || _node is null ? _network.Addresses() : [.. _localAddresses];
        var node = new NodeView
        {
            Name = _options.NodeName,
            Zone = zone,
            Addresses = _options.NodeAddresses,
            NodePortAddresses = NodePorts.Addresses(_options, addresses),
        };
        if (isFull) _localAddresses = [.. addresses];
        if (node.Equals(_node)) return false;
        _node = node;
        _translator = new ServiceTranslator(node, _options.Scheduler,
            _options.MasqueradeAll ? SourceTranslation.All : _options.DetectsPods ? SourceTranslation.ExceptPods : SourceTranslation.None);
        return true;
    }

    private void Translate(TouchedService service)
    {
        var old = _table.Translations.GetValueOrDefault(service.Name, Translation.Nothing);
        var translation = service.Spec is { } spec ? _translator!.Translate(spec, service.Slices) : Translation.Nothing;
        _table.Put(service.Name, service.Spec?.Created ?? default, translation);
        CountService(service, old, translation);
    }

    /// <summary>Puts it in force.</summary>
    /// <returns>How many services were refused, but may not be another time.</returns>
    private int Apply(IReadOnlyList<ProxiedService> set, IReadOnlyList<ServiceKey> removed, bool isFull)
    {
        // The node's own addresses are looked at in full synchronisations only.
        var isBoundChanged = isFull || _table.IsAddressChanged;
        var bound = isBoundChanged ? BoundAddresses() : _settings!.BoundAddresses;
        var settings = new ProxySettings
        {
            PodPrefixes = _options.PodPrefixes,
            PodInterface = _options.PodInterface,
            BoundAddresses = bound,
            ServicePrefixes = _cache.ServicePrefixes,
            ExcludedPrefixes = _options.ExcludedPrefixes,
        };
        var isSettingsChanged = isFull || !settings.Equals(_settings);
        var failed = 0;
        if (isFull || isSettingsChanged || set.Count > 0 || removed.Count > 0)
        {
            var change = new ProxyChange
            {
                Set = isFull ? [.. _table.Services] : set,
                Removed = isFull ? [] : removed,
                IsWhole = isFull,
                Settings = isSettingsChanged ? settings : null,
            };
            failed = CountRefused(change, _store.Apply(change));
            _settings = settings;
        }
        // The services are there before their addresses, so that nobody reaches the node itself in between.
        if (isBoundChanged)
        {
            var refused = _network.Bind(bound);
            if (refused.Count > 0) BindFailed(_logger, refused.Count, refused[0]);
            failed += refused.Count;
        }
        _table.ForgetAddressChanges();
        return failed;
    }

    private ValueList<Address> BoundAddresses() => [.. _table.Addresses.Where(address => !_localAddresses.Contains(address)).Order()];

    /// <summary>Names what the store has refused, each once, and tells what it will never take from what it may.</summary>
    private int CountRefused(ProxyChange change, IReadOnlyList<(ServiceKey Service, ServiceResult Result)> results)
    {
        var failed = 0;
        var refused = new HashSet<ServiceKey>();
        foreach (var (service, result) in results)
        {
            if (result.IsDone) continue;
            refused.Add(service);
            var isLasting = result.Status is ServiceStatus.NotSupported or ServiceStatus.SchedulerNotFound or ServiceStatus.Invalid or ServiceStatus.OutOfRange;
            if (!isLasting) failed++;
            if (_refused.TryGetValue(service, out var known) && known == result) continue;
            _refused[service] = result;
            ServiceRefused(_logger, service.Protocol, service.Address, service.Port, result.Reason ?? result.Status.ToString());
        }
        if (_refused.Count == refused.Count) return failed;
        foreach (var service in change.Set) Forget(service.Service.Key);
        foreach (var service in change.Removed) Forget(service);
        return failed;

        void Forget(ServiceKey service)
        {
            if (!refused.Contains(service)) _refused.Remove(service);
        }
    }

    private void Sweep()
    {
        _sweepAt = Elapsed + SweepPeriod;
        try
        {
            _store.Sweep();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            SweepFailed(_logger, problem);
        }
    }

    private string KnownScheduler(string name)
    {
        var nearest = Schedulers.Nearest(name) ?? Schedulers.Default;
        if (nearest != name) SchedulerReplaced(_logger, name, nearest);
        return nearest;
    }

    [LoggerMessage(LogLevel.Warning, "The {Asked} scheduler is not supported; {Used} is used")]
    private static partial void SchedulerReplaced(ILogger logger, string asked, string used);

    [LoggerMessage(LogLevel.Error, "Services are not synchronized; this is tried again")]
    private static partial void SyncFailed(ILogger logger, Exception problem);

    [LoggerMessage(LogLevel.Error, "Quiesced servers are not taken away; this is tried again")]
    private static partial void SweepFailed(ILogger logger, Exception problem);

    [LoggerMessage(LogLevel.Error, "{Count} addresses of services could not be given to the node or taken from it, {Address} among them")]
    private static partial void BindFailed(ILogger logger, int count, Address address);

    [LoggerMessage(LogLevel.Warning, "{Protocol} {Address} port {Port} is refused: {Reason}")]
    private static partial void ServiceRefused(ILogger logger, ServiceProtocol protocol, Address address, ushort port, string reason);

    [LoggerMessage(LogLevel.Information, "Synchronized in {Milliseconds} ms: {Changed} virtual services changed, {Failed} failed (full: {IsFull})")]
    private static partial void SyncEnded(ILogger logger, double milliseconds, int changed, int failed, bool isFull);
}
