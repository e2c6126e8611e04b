namespace Weir.Control.Images.Classification;

/// <summary>Numbers of a field, both ends included.</summary>
internal readonly record struct FieldRange(uint Low, uint High)
{
    public static readonly FieldRange All = new(0, uint.MaxValue);
}
