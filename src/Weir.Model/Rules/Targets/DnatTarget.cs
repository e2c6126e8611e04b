namespace Weir.Model.Rules.Targets;

/// <summary>
/// DNAT: a new destination. Without <paramref name="Addresses"/> the address stays; without ports the port stays. <paramref
/// name="BasePort"/> (--to-destination a:1000-2000/500): the new port is Ports.Min plus what the old one is above BasePort.
/// </summary>
public sealed record DnatTarget(AddressRange? Addresses, PortRange? Ports, ushort? BasePort, NatOptions Options) : NatTarget(Ports, Options)
{
    /// <inheritdoc/>
    public override string Name => "DNAT";
}
