namespace Weir.Model;

/// <summary>Ports from <see cref="Min"/> to <see cref="Max"/>, both inside; host order.</summary>
public readonly record struct PortRange(ushort Min, ushort Max)
{
    /// <summary>Every port.</summary>
    public static PortRange All => new(0, ushort.MaxValue);

    /// <summary>Whether this is every port.</summary>
    public bool IsAll => Min == 0 && Max == ushort.MaxValue;

    /// <summary>Whether the port is inside.</summary>
    public bool Contains(ushort port) => port >= Min && port <= Max;
}
