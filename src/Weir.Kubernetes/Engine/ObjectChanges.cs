namespace Weir.Kubernetes.Engine;

/// <summary>What <see cref="ObjectCache"/> has taken in since it was last asked.</summary>
internal sealed record ObjectChanges
{
    /// <summary>The Services that the changes concern, or all.</summary>
    public required IReadOnlyList<TouchedService> Services { get; init; }

    /// <summary>Since when the oldest of them has been waiting.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When the events happened in the cluster that made slices change.</summary>
    public IReadOnlyList<DateTimeOffset> Triggers { get; init; } = [];
}
