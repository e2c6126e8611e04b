namespace Weir.Model.Rules.Targets;

/// <summary>MARK: the packet's mark becomes (mark &amp; ~<paramref name="Mask"/>) ^ <paramref name="Mark"/>.</summary>
public sealed record MarkTarget(uint Mark, uint Mask) : Target
{
    /// <inheritdoc/>
    public override string Name => "MARK";
}
