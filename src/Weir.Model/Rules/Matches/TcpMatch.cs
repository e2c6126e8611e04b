namespace Weir.Model.Rules.Matches;

/// <summary>
/// tcp: ports, flags ((flags &amp; FlagMask) == FlagValue) and the presence of a TCP option (0: not asked for). A packet that is not TCP
/// does not match. A port condition is in force when its range is not all ports, or when it is inverted.
/// </summary>
public sealed record TcpMatch : Match
{
    /// <inheritdoc/>
    public override string Name => "tcp";

    /// <summary>--sport.</summary>
    public PortRange SourcePorts { get; init; } = PortRange.All;

    /// <summary>--dport.</summary>
    public PortRange DestinationPorts { get; init; } = PortRange.All;

    /// <summary>! --sport.</summary>
    public bool InvertSourcePorts { get; init; }

    /// <summary>! --dport.</summary>
    public bool InvertDestinationPorts { get; init; }

    /// <summary>Which flags are looked at: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32.</summary>
    public byte FlagMask { get; init; }

    /// <summary>Which of them must be set.</summary>
    public byte FlagValue { get; init; }

    /// <summary>! --tcp-flags, ! --syn.</summary>
    public bool InvertFlags { get; init; }

    /// <summary>--tcp-option: the option's kind, 0 if none is asked for.</summary>
    public byte Option { get; init; }

    /// <summary>! --tcp-option.</summary>
    public bool InvertOption { get; init; }
}
