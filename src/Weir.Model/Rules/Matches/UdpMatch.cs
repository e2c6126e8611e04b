namespace Weir.Model.Rules.Matches;

/// <summary>udp: ports. A packet that is not UDP does not match.</summary>
public sealed record UdpMatch : Match
{
    /// <inheritdoc/>
    public override string Name => "udp";

    /// <summary>--sport.</summary>
    public PortRange SourcePorts { get; init; } = PortRange.All;

    /// <summary>--dport.</summary>
    public PortRange DestinationPorts { get; init; } = PortRange.All;

    /// <summary>! --sport.</summary>
    public bool InvertSourcePorts { get; init; }

    /// <summary>! --dport.</summary>
    public bool InvertDestinationPorts { get; init; }
}
