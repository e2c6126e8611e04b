namespace Weir.Model.Rules.Matches;

/// <summary>
/// addrtype: what kind of address source and destination are; <see cref="AddressTypes.None"/> means that a side was not given.
/// </summary>
public sealed record AddrtypeMatch : Match
{
    /// <inheritdoc/>
    public override string Name => "addrtype";

    /// <summary>--src-type.</summary>
    public AddressTypes Source { get; init; }

    /// <summary>--dst-type.</summary>
    public AddressTypes Destination { get; init; }

    /// <summary>! --src-type.</summary>
    public bool InvertSource { get; init; }

    /// <summary>! --dst-type.</summary>
    public bool InvertDestination { get; init; }

    /// <summary>--limit-iface-in: look at the device that the packet came in by only.</summary>
    public bool LimitInterfaceIn { get; init; }

    /// <summary>--limit-iface-out: look at the device that the packet leaves by only.</summary>
    public bool LimitInterfaceOut { get; init; }
}
