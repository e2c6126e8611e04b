using System.Collections.Concurrent;

namespace Weir.Kubernetes.Serving;

/// <summary>A counter for each value of its labels.</summary>
/// <param name="names">The labels' names.</param>
public sealed class LabeledCounter(params string[] names)
{
    private readonly ConcurrentDictionary<string, long> _values = [];

    /// <summary>Counts one more.</summary>
    /// <param name="values">The labels' values, in the order of their names.</param>
    public void Add(params ReadOnlySpan<string> values) => _values.AddOrUpdate(MetricsText.Labels(names, values), 1, static (_, before) => before + 1);

    /// <summary>Labels as they are written, with the counts, sorted.</summary>
    public IEnumerable<(string Labels, long Count)> Read() => _values.Select(each => (each.Key, each.Value)).OrderBy(each => each.Key, StringComparer.Ordinal);
}
