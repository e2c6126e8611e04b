namespace Weir.Model;

/// <summary>A connection synchronization daemon. When one is started, zeros and nulls stand for the kernel's defaults.</summary>
public sealed record SyncDaemon
{
    /// <summary>Master or backup.</summary>
    public required SyncRole Role { get; init; }

    /// <summary>The multicast interface.</summary>
    public required string Interface { get; init; }

    /// <summary>The group of directors that talk to each other, 0 to 255.</summary>
    public byte SyncId { get; init; }

    /// <summary>The longest message, in bytes.</summary>
    public ushort MaximumLength { get; init; }

    /// <summary>The multicast group.</summary>
    public Address? Group { get; init; }

    /// <summary>The UDP port.</summary>
    public ushort Port { get; init; }

    /// <summary>The multicast TTL.</summary>
    public byte TimeToLive { get; init; }
}
