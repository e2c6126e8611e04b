namespace Weir.Model.Rules.Matches;

/// <summary>How statistic chooses.</summary>
public enum StatisticMode : byte
{
    Random,
    Nth,
}
