namespace Weir.Model.Rules.Matches;

/// <summary>Which port multiport looks at.</summary>
public enum MultiportSide : byte
{
    Source,
    Destination,

    /// <summary>Source or destination.</summary>
    Either,
}
