using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>An endpoint slice as far as a proxy cares. Equal when nothing that it cares about differs.</summary>
public sealed record SliceSpec
{
    public required ObjectName Name { get; init; }

    /// <summary>The Service whose endpoints these are.</summary>
    public required ObjectName Service { get; init; }

    public required AddressFamily Family { get; init; }

    public ValueList<SlicePort> Ports { get; init; }

    public ValueList<Endpoint> Endpoints { get; init; }
}
