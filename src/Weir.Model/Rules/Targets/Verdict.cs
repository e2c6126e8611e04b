namespace Weir.Model.Rules.Targets;

/// <summary>What ends a packet's walk through a chain.</summary>
public enum Verdict : byte
{
    Accept,
    Drop,

    /// <summary>Back to the rule after the jump; at the end of a built-in chain, its policy.</summary>
    Return,
}
