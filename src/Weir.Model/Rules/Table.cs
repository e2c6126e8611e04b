using System.Collections.Immutable;

namespace Weir.Model.Rules;

/// <summary>A table: its built-in chains in hook order, then the user chains sorted by name (ordinal), as libiptc keeps them.</summary>
public sealed record Table
{
    /// <summary>Which table.</summary>
    public required TableKind Kind { get; init; }

    /// <summary>Whether a command has used the table; iptables-save writes only such tables, as the kernel has only such tables.</summary>
    public bool InUse { get; init; }

    /// <summary>All chains.</summary>
    public required ImmutableArray<Chain> Chains { get; init; }

    /// <summary>The table as it is before the first command.</summary>
    public static Table Empty(TableKind kind) => new()
    {
        Kind = kind,
        Chains = [.. kind.Hooks().Select(hook => new Chain { Name = hook.ChainName(), Hook = hook })],
    };

    /// <summary>The chain of the name, or null.</summary>
    public Chain? Find(string name)
    {
        foreach (var chain in Chains)
        {
            if (chain.Name == name) return chain;
        }
        return null;
    }

    /// <summary>How many rules jump or go to the chain.</summary>
    public int References(string chain)
    {
        var count = 0;
        foreach (var from in Chains)
        {
            foreach (var rule in from.Rules)
            {
                if (rule.Target is Targets.ChainTarget target && target.Chain == chain) count++;
            }
        }
        return count;
    }

    /// <summary>By value, chain by chain.</summary>
    public bool Equals(Table? other) => ReferenceEquals(this, other)
        || (other is not null && Kind == other.Kind && InUse == other.InUse && Chains.AsSpan().SequenceEqual(other.Chains.AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, InUse, Chains.Length);
}
