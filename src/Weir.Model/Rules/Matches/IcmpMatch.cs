namespace Weir.Model.Rules.Matches;

/// <summary>icmp: a type and a range of codes, both ends inside. <see cref="AnyType"/> matches every ICMP packet.</summary>
public sealed record IcmpMatch(byte Type, byte CodeMin, byte CodeMax, bool Invert) : Match
{
    /// <summary>The type that stands for all.</summary>
    public const byte AnyType = 255;

    /// <inheritdoc/>
    public override string Name => "icmp";
}
