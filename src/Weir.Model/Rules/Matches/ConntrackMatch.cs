namespace Weir.Model.Rules.Matches;

/// <summary>conntrack: conditions on the packet's connection; null means that a condition was not given. Each has its inversion.</summary>
public sealed record ConntrackMatch : Match
{
    /// <inheritdoc/>
    public override string Name => "conntrack";

    /// <summary>--ctstate.</summary>
    public ConntrackStates? States { get; init; }

    /// <summary>--ctproto: an IP protocol number.</summary>
    public byte? Protocol { get; init; }

    /// <summary>--ctorigsrc.</summary>
    public AddressMask? OriginalSource { get; init; }

    /// <summary>--ctorigdst.</summary>
    public AddressMask? OriginalDestination { get; init; }

    /// <summary>--ctreplsrc.</summary>
    public AddressMask? ReplySource { get; init; }

    /// <summary>--ctrepldst.</summary>
    public AddressMask? ReplyDestination { get; init; }

    /// <summary>--ctorigsrcport.</summary>
    public PortRange? OriginalSourcePorts { get; init; }

    /// <summary>--ctorigdstport.</summary>
    public PortRange? OriginalDestinationPorts { get; init; }

    /// <summary>--ctreplsrcport.</summary>
    public PortRange? ReplySourcePorts { get; init; }

    /// <summary>--ctrepldstport.</summary>
    public PortRange? ReplyDestinationPorts { get; init; }

    /// <summary>--ctstatus; <see cref="ConntrackStatus.None"/> asks for a connection without any.</summary>
    public ConntrackStatus? Status { get; init; }

    /// <summary>--ctexpire: seconds until the connection expires, both ends inside.</summary>
    public (uint Min, uint Max)? Expires { get; init; }

    /// <summary>--ctdir: false for ORIGINAL, true for REPLY.</summary>
    public bool? IsReply { get; init; }

    /// <summary>Which of the conditions are inverted.</summary>
    public ConntrackInversions Inverted { get; init; }
}
