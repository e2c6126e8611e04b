namespace Weir.Kubernetes.Serving;

/// <summary>What the data path says of itself.</summary>
/// <param name="Tables">How full the tables are.</param>
/// <param name="Counts">What was counted besides rules.</param>
public sealed record DataPathStatus(IReadOnlyList<(string Name, long Entries, long Capacity)> Tables, IReadOnlyList<(string Name, ulong Count)> Counts);
