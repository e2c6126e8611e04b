namespace Weir.DataPath.Rules;

/// <summary>What a match says of a packet.</summary>
public enum MatchResult
{
    No = 0,
    Yes = 1,

    /// <summary>The packet is too damaged to be judged by this match: drop it (netfilter's hotdrop).</summary>
    HotDrop = 2,
}
