namespace Weir.Iptables;

/// <summary>The options of iptables-restore.</summary>
internal sealed record RestoreOptions
{
    /// <summary>-c: take counters over.</summary>
    public bool Counters { get; init; }

    /// <summary>How many -v.</summary>
    public int Verbose { get; init; }

    /// <summary>-t: read only.</summary>
    public bool IsTest { get; init; }

    /// <summary>-n: keep what is not named.</summary>
    public bool NoFlush { get; init; }

    /// <summary>-T: this table only.</summary>
    public string? Table { get; init; }
}
