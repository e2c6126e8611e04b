namespace Weir.Model.Rules.Matches;

/// <summary>limit: a token bucket.</summary>
/// <param name="Average">Time for one token, in the kernel's unit of 1/10,000 second (XT_LIMIT_SCALE); at least 1.</param>
/// <param name="Burst">Tokens that the full bucket holds; it starts full.</param>
public sealed record LimitMatch(uint Average, uint Burst) : Match
{
    /// <summary>Units of the average in a second.</summary>
    public const uint Scale = 10000;

    /// <inheritdoc/>
    public override string Name => "limit";
}
