using System.Collections.Immutable;

namespace Weir.Model.Rules;

/// <summary>All tables of one IP version: an immutable snapshot. Changed copies share what did not change.</summary>
public sealed record Ruleset
{
    private ImmutableArray<Table> _tables;

    private Ruleset(AddressFamily family, ImmutableArray<Table> tables)
    {
        Family = family;
        _tables = tables;
    }

    /// <summary>The IP version of every rule.</summary>
    public AddressFamily Family { get; }

    /// <summary>The tables, in <see cref="TableKind"/>'s order.</summary>
    public ImmutableArray<Table> Tables => _tables;

    /// <summary>One table.</summary>
    public Table this[TableKind kind] => _tables[(int)kind];

    /// <summary>Empty tables that accept everything.</summary>
    public static Ruleset Empty(AddressFamily family) => new(family, [.. TableKinds.All.Select(Table.Empty)]);

    /// <summary>A copy with one table exchanged.</summary>
    public Ruleset With(Table table) => this with { _tables = _tables.SetItem((int)table.Kind, table) };

    /// <summary>By value, table by table.</summary>
    public bool Equals(Ruleset? other) => ReferenceEquals(this, other)
        || (other is not null && Family == other.Family && _tables.AsSpan().SequenceEqual(other._tables.AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Family, _tables.Length);
}
