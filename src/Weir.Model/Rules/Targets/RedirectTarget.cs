namespace Weir.Model.Rules.Targets;

/// <summary>
/// REDIRECT: this host becomes the destination, by the first address of the device it came in by (127.0.0.1 for local output).
/// </summary>
public sealed record RedirectTarget(PortRange? Ports, NatOptions Options) : NatTarget(Ports, Options)
{
    /// <inheritdoc/>
    public override string Name => "REDIRECT";
}
