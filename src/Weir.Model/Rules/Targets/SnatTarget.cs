namespace Weir.Model.Rules.Targets;

/// <summary>
/// SNAT: a new source. Without <paramref name="Addresses"/> the address stays; without ports the port stays where it can.
/// </summary>
public sealed record SnatTarget(AddressRange? Addresses, PortRange? Ports, NatOptions Options) : NatTarget(Ports, Options)
{
    /// <inheritdoc/>
    public override string Name => "SNAT";
}
