namespace Weir.DataPath.Image;

/// <summary>What a cell in a chain's run is.</summary>
public enum CellKind : byte
{
    None = 0,

    /// <summary>A rule for IPv4: <see cref="RuleCell"/>.</summary>
    Rule4 = 1,

    /// <summary>The end of a built-in chain: a <see cref="RuleCell"/> of which only <c>Target</c> (Accept or Drop) and <c>CounterSlot</c> count.</summary>
    Policy = 2,

    /// <summary>The end of a user chain.</summary>
    End = 3,

    /// <summary>Before the first rule of a chain: <see cref="ClassifierCell"/>.</summary>
    Classifier = 4,

    /// <summary>Outside of the runs: <see cref="SplitCell"/>.</summary>
    Split = 5,
}
