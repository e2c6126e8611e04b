namespace Weir.Kubernetes.Engine;

/// <summary>Changes of objects.</summary>
/// <param name="Pending">Objects whose change is not in force yet.</param>
/// <param name="Total">Changes so far.</param>
public readonly record struct ChangeCount(int Pending, long Total);
