namespace Weir.Model.Rules.Targets;

/// <summary>Into a user chain of the same table: -j (and back), or -g (<see cref="IsGoto"/>: back to the caller of this chain).</summary>
public sealed record ChainTarget(string Chain, bool IsGoto) : Target
{
    /// <inheritdoc/>
    public override string Name => Chain;
}
