using System.Collections.Immutable;

namespace Weir.Model;

/// <summary>Makes value lists from collection expressions.</summary>
public static class ValueList
{
    /// <summary>Copies the elements.</summary>
    public static ValueList<T> Create<T>(ReadOnlySpan<T> items)
        where T : IEquatable<T> => new(ImmutableArray.Create(items));
}
