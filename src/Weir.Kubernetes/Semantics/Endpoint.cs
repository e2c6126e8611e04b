using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>An endpoint of an endpoint slice, with the defaults that the API defines for what it leaves out.</summary>
public sealed record Endpoint
{
    public required Address Address { get; init; }

    /// <summary>The node that it runs on, or empty.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Takes new connections.</summary>
    public bool IsReady { get; init; } = true;

    /// <summary>Answers, though it may be going away.</summary>
    public bool IsServing { get; init; } = true;

    /// <summary>Is going away.</summary>
    public bool IsTerminating { get; init; }

    /// <summary>The zones whose clients should come here (hints.forZones).</summary>
    public ValueList<string> ZoneHints { get; init; }

    /// <summary>The nodes whose clients should come here (hints.forNodes).</summary>
    public ValueList<string> NodeHints { get; init; }
}
