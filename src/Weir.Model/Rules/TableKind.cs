namespace Weir.Model.Rules;

/// <summary>The tables, in the order in which a packet meets them.</summary>
public enum TableKind : byte
{
    Raw,
    Mangle,
    Nat,
    Filter,
}
