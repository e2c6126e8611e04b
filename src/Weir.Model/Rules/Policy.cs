namespace Weir.Model.Rules;

/// <summary>What becomes of a packet that no rule of a built-in chain decides on.</summary>
public enum Policy : byte
{
    Accept,
    Drop,
}
