namespace Weir.Model;

/// <summary>A real server with its live values.</summary>
public sealed record ServerState
{
    /// <summary>The configuration.</summary>
    public required RealServer Server { get; init; }

    /// <summary>Connections in an active state.</summary>
    public uint ActiveConnections { get; init; }

    /// <summary>Connections in any other state.</summary>
    public uint InactiveConnections { get; init; }

    /// <summary>Persistence templates.</summary>
    public uint PersistentConnections { get; init; }

    /// <summary>Totals.</summary>
    public TrafficCounters Counters { get; init; }

    /// <summary>Rates.</summary>
    public TrafficRates Rates { get; init; }
}
