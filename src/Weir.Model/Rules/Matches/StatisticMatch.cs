namespace Weir.Model.Rules.Matches;

/// <summary>statistic: a share of the packets, at random or by counting.</summary>
/// <param name="Mode">How.</param>
/// <param name="Probability">Random mode: the probability times 2^31, rounded (0 to 2^31), as the kernel has it.</param>
/// <param name="Every">Nth mode: the n of "every n", from 1.</param>
/// <param name="Packet">Nth mode: which packet of each n, from 0.</param>
/// <param name="Invert">Whether the other packets match instead.</param>
public sealed record StatisticMatch(StatisticMode Mode, uint Probability, uint Every, uint Packet, bool Invert) : Match
{
    /// <inheritdoc/>
    public override string Name => "statistic";
}
