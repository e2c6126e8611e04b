namespace Weir.Model;

/// <summary>A virtual service with its servers and live values.</summary>
public sealed record ServiceState
{
    /// <summary>The configuration.</summary>
    public required VirtualService Service { get; init; }

    /// <summary>The servers, the newest first, which is the order of scheduling.</summary>
    public IReadOnlyList<ServerState> Servers { get; init; } = [];

    /// <summary>Totals.</summary>
    public TrafficCounters Counters { get; init; }

    /// <summary>Rates.</summary>
    public TrafficRates Rates { get; init; }
}
