namespace Weir.Model.Rules.Targets;

/// <summary>MASQUERADE: the first address of the device that the packet leaves by becomes its source.</summary>
public sealed record MasqueradeTarget(PortRange? Ports, NatOptions Options) : NatTarget(Ports, Options)
{
    /// <inheritdoc/>
    public override string Name => "MASQUERADE";
}
