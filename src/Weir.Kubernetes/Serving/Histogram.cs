namespace Weir.Kubernetes.Serving;

/// <summary>How often values were at most so large.</summary>
public sealed class Histogram(IReadOnlyList<double> bounds)
{
    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[bounds.Count + 1];
    private double _sum;

    /// <summary>kube-proxy's buckets for durations of work: 15 from a millisecond on, each twice the one before.</summary>
    public static IReadOnlyList<double> WorkBounds { get; } = [.. Enumerable.Range(0, 15).Select(each => 0.001 * (1 << each))];

    /// <summary>kube-proxy's buckets for what users wait for: finer up to a minute, then up to five.</summary>
    public static IReadOnlyList<double> WaitBounds { get; } =
    [
        0.25, 0.5, .. Enumerable.Range(1, 59).Select(each => (double)each), .. Enumerable.Range(0, 12).Select(each => 60.0 + (5 * each)), .. Enumerable.Range(0, 7).Select(each => 120.0 + (30 * each)),
    ];

    /// <summary>Counts a value.</summary>
    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < bounds.Count && value > bounds[bucket]) bucket++;
        lock (_lock)
        {
            _counts[bucket]++;
            _sum += value;
        }
    }

    internal void Write(MetricsText text, string labels)
    {
        lock (_lock)
        {
            var sum = 0L;
            var separator = labels.Length > 0 ? "," : "";
            for (var i = 0; i < bounds.Count; i++) text.Sample("_bucket", $"{labels}{separator}le=\"{MetricsText.Number(bounds[i])}\"", sum += _counts[i]);
            text.Sample("_bucket", $"{labels}{separator}le=\"+Inf\"", sum += _counts[^1]);
            text.Sample("_sum", labels, _sum);
            text.Sample("_count", labels, sum);
        }
    }
}
