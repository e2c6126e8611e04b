namespace Weir.Kubernetes.Engine;

/// <summary>How a synchronisation went.</summary>
public sealed record SyncReport
{
    /// <summary>When it ended.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Whether everything was computed and compared, not just what had changed.</summary>
    public required bool IsFull { get; init; }

    /// <summary>Virtual services that were set or removed.</summary>
    public required int Changed { get; init; }

    /// <summary>Virtual services that the data path refused; they are tried again.</summary>
    public required int Failed { get; init; }

    /// <summary>Whether all of it went wrong; the log says why.</summary>
    public bool IsFailed { get; init; }

    /// <summary>
    /// How long it took from the event in the cluster (endpoints.kubernetes.io/last-change-trigger-time) until it was in force here, for each that
    /// came after the proxy's start: kubeproxy_network_programming_duration_seconds.
    /// </summary>
    public IReadOnlyList<TimeSpan> ProgrammingDurations { get; init; } = [];
}
