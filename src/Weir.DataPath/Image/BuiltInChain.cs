namespace Weir.DataPath.Image;

/// <summary>The built-in chains, as indexes of <see cref="HeadsCell.Chains"/>.</summary>
public enum BuiltInChain : byte
{
    RawPrerouting = 0,
    RawOutput = 1,
    ManglePrerouting = 2,
    MangleInput = 3,
    MangleForward = 4,
    MangleOutput = 5,
    ManglePostrouting = 6,
    NatPrerouting = 7,
    NatInput = 8,
    NatOutput = 9,
    NatPostrouting = 10,
    FilterInput = 11,
    FilterForward = 12,
    FilterOutput = 13,
}
