namespace Weir.Kubernetes.Tests.Engine;

/// <summary>For tests that look at what the whole process spends: nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
