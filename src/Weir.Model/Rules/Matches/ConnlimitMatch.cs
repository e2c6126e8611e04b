namespace Weir.Model.Rules.Matches;

/// <summary>connlimit: how many connections a group of hosts has, this one included.</summary>
/// <param name="Limit">The number to compare with.</param>
/// <param name="Upto">False: more than Limit matches. True: Limit or fewer match.</param>
/// <param name="Mask">Hosts whose addresses agree under this mask are one group.</param>
/// <param name="ByDestination">Whether destinations are grouped instead of sources.</param>
public sealed record ConnlimitMatch(uint Limit, bool Upto, Address Mask, bool ByDestination) : Match
{
    /// <inheritdoc/>
    public override string Name => "connlimit";
}
