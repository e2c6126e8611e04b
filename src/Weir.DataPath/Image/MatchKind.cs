namespace Weir.DataPath.Image;

/// <summary>The first byte of a match cell.</summary>
public enum MatchKind : byte
{
    None = 0,

    /// <summary>A second -m tcp, -m udp or -m icmp of a rule: <see cref="TransportMatchCell"/>.</summary>
    Transport = 1,
    Multiport = 2,

    /// <summary>-m conntrack and -m state: states, statuses, protocol, direction, time-out.</summary>
    Conntrack = 3,

    /// <summary>-m conntrack: one address of the flow.</summary>
    ConntrackAddress = 4,

    /// <summary>-m conntrack: one port range of the flow.</summary>
    ConntrackPort = 5,
    StatisticRandom = 6,
    StatisticNth = 7,
    ConnLimit = 8,
    Limit = 9,
    Mark = 10,
    AddrType = 11,
}
