namespace Weir.Model;

/// <summary>A virtual service as it is configured, without its servers.</summary>
public sealed record VirtualService
{
    /// <summary>The persistence mask that tells every client apart, IPv4.</summary>
    public const uint HostMaskIPv4 = 0xffff_ffff;

    /// <summary>The persistence prefix length that tells every client apart, IPv6.</summary>
    public const uint HostMaskIPv6 = 128;

    /// <summary>What the service is found by.</summary>
    public required ServiceKey Key { get; init; }

    /// <summary>The scheduler's name: rr, wrr, lc, wlc, sh, dh, ...</summary>
    public required string Scheduler { get; init; }

    /// <summary>The service's flags.</summary>
    public ServiceFlags Flags { get; init; }

    /// <summary>
    /// How long a client stays with its server after its last connection, in seconds; for <see cref="ServiceFlags.Persistent"/>.
    /// </summary>
    public uint PersistenceTimeout { get; init; }

    /// <summary>
    /// Which clients persistence holds together: for IPv4 a mask as a number (255.255.255.0 is 0xffffff00; any bits, as in ip_vs),
    /// for IPv6 a prefix length from 1 to 128.
    /// </summary>
    public uint PersistenceMask { get; init; } = HostMaskIPv4;

    /// <summary>The persistence engine's name ("sip"), or empty.</summary>
    public string PersistenceEngine { get; init; } = "";

    /// <summary>Whether a client stays with its server.</summary>
    public bool IsPersistent => (Flags & ServiceFlags.Persistent) != 0;
}
