using Weir.Kubernetes.Semantics;
using Weir.Model;

namespace Weir.Kubernetes.Engine;

// What health checks and metrics see. The loop writes, any thread reads: all of it is one immutable snapshot.
public sealed partial class ServiceProxy
{
    private readonly Dictionary<ObjectName, HealthCheck[]> _healthChecks = [];
    private volatile Snapshot _snapshot = new();
    private NoLocalEndpoints _noLocal;
    private bool _isHealthChecksChanged;

    /// <inheritdoc/>
    public event Action<SyncReport>? Synchronized;

    /// <inheritdoc/>
    public event Action? HealthChecksChanged;

    /// <inheritdoc/>
    public DateTimeOffset? LastSync => _snapshot.LastSync;

    /// <inheritdoc/>
    public DateTimeOffset? LastQueued => _cache.LastQueued;

    /// <inheritdoc/>
    public DateTimeOffset? PendingSince => _snapshot.FailedSince ?? _cache.Since;

    /// <inheritdoc/>
    public ChangeCount ServiceChanges => _cache.ServiceChanges;

    /// <inheritdoc/>
    public ChangeCount EndpointChanges => _cache.SliceChanges;

    /// <inheritdoc/>
    public NoLocalEndpoints NoLocalEndpoints => _snapshot.NoLocalEndpoints;

    /// <inheritdoc/>
    public long RejectedInputs => _inputLog.Count;

    /// <inheritdoc/>
    public IReadOnlyList<HealthCheck> HealthChecks => _snapshot.HealthChecks;

    /// <inheritdoc/>
    public IReadOnlyList<Address> NodePortAddresses => _snapshot.NodePortAddresses;

    /// <inheritdoc/>
    public bool IsNodeEligible => _cache.IsNodeEligible;

    /// <summary>Keeps count of what a Service says about this node.</summary>
    private void CountService(TouchedService service, Translation old, Translation translation)
    {
        _noLocal = new NoLocalEndpoints(
            _noLocal.InternalIPv4 + translation.NoLocalIPv4.Internal - old.NoLocalIPv4.Internal,
            _noLocal.ExternalIPv4 + translation.NoLocalIPv4.External - old.NoLocalIPv4.External,
            _noLocal.InternalIPv6 + translation.NoLocalIPv6.Internal - old.NoLocalIPv6.Internal,
            _noLocal.ExternalIPv6 + translation.NoLocalIPv6.External - old.NoLocalIPv6.External);

        var checks = HealthChecksOf(service.Spec, translation).ToArray();
        if (checks.AsSpan().SequenceEqual(_healthChecks.GetValueOrDefault(service.Name, []))) return;
        _isHealthChecksChanged = true;
        if (checks.Length == 0) _healthChecks.Remove(service.Name);
        else _healthChecks[service.Name] = checks;
    }

    private static IEnumerable<HealthCheck> HealthChecksOf(ServiceSpec? service, Translation translation)
    {
        if (service is null || service.HealthCheckPort == 0) yield break;
        var (space, name) = service.Name;
        if (service.IPv4 is not null) yield return new HealthCheck(space, name, AddressFamily.IPv4, service.HealthCheckPort, translation.LocalReady.IPv4);
        if (service.IPv6 is not null) yield return new HealthCheck(space, name, AddressFamily.IPv6, service.HealthCheckPort, translation.LocalReady.IPv6);
    }

    private void Report(ObjectChanges? changes, TimeSpan duration, bool isFull, int changed, int failed, bool isFailed)
    {
        var now = _time.GetUtcNow();
        var old = _snapshot;
        var isDone = !isFailed && failed == 0;
        var nodePortAddresses = _node?.NodePortAddresses ?? [];
        var isHealthChecksChanged = _isHealthChecksChanged || nodePortAddresses != old.NodePortAddresses;
        _snapshot = new Snapshot
        {
            LastSync = isDone ? now : old.LastSync,
            // What was refused is tried again by full synchronisations.
            FailedSince = isDone && isFull ? null : isDone ? old.FailedSince : old.FailedSince ?? changes?.Since ?? now,
            NoLocalEndpoints = _noLocal,
            HealthChecks = _isHealthChecksChanged
                ? [.. _healthChecks.OrderBy(static pair => pair.Key).SelectMany(static pair => pair.Value)]
                : old.HealthChecks,
            NodePortAddresses = nodePortAddresses,
        };
        _isHealthChecksChanged = false;

        SyncEnded(_logger, duration.TotalMilliseconds, changed, failed, isFull);
        if (isHealthChecksChanged) HealthChecksChanged?.Invoke();
        Synchronized?.Invoke(new SyncReport
        {
            At = now,
            Duration = duration,
            IsFull = isFull,
            Changed = changed,
            Failed = failed,
            IsFailed = isFailed,
            ProgrammingDurations = isDone && changes is not null ? [.. changes.Triggers.Select(trigger => now - trigger)] : [],
        });
    }

    private sealed record Snapshot
    {
        public DateTimeOffset? LastSync { get; init; }

        /// <summary>Since when something has been waiting that could not be put in force.</summary>
        public DateTimeOffset? FailedSince { get; init; }

        public NoLocalEndpoints NoLocalEndpoints { get; init; }

        public ValueList<HealthCheck> HealthChecks { get; init; }

        public ValueList<Address> NodePortAddresses { get; init; }
    }
}
