namespace Weir.Model.Rules.Matches;

/// <summary>mark: (mark &amp; <paramref name="Mask"/>) == <paramref name="Mark"/>.</summary>
public sealed record MarkMatch(uint Mark, uint Mask, bool Invert) : Match
{
    /// <inheritdoc/>
    public override string Name => "mark";
}
