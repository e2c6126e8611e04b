namespace Weir.Model.Rules.Matches;

/// <summary>multiport: whether a port is in one of up to 15 ranges (a range of more than one port counts as two).</summary>
public sealed record MultiportMatch(MultiportSide Side, ValueList<PortRange> Ports, bool Invert) : Match
{
    /// <summary>The most ports.</summary>
    public const int MaxPorts = 15;

    /// <inheritdoc/>
    public override string Name => "multiport";
}
