using System.Collections.Immutable;

namespace Weir.Model.Rules;

/// <summary>A chain: rules in order and, if it is a built-in chain, a policy.</summary>
public sealed record Chain
{
    /// <summary>The longest name, in bytes.</summary>
    public const int MaxNameLength = 28;

    /// <summary>The name; unique within its table.</summary>
    public required string Name { get; init; }

    /// <summary>The hook of a built-in chain; null for a user chain.</summary>
    public Hook? Hook { get; init; }

    /// <summary>What becomes of a packet that reaches the end of a built-in chain.</summary>
    public Policy Policy { get; init; } = Policy.Accept;

    /// <summary>What the policy has counted (zero in user chains).</summary>
    public Counters Counters { get; init; }

    /// <summary>The policy's counter slot, given by the store; 0 until then and in user chains.</summary>
    public int Slot { get; init; }

    /// <summary>The rules, first to last.</summary>
    public ImmutableArray<Rule> Rules { get; init; } = [];

    /// <summary>Whether the chain is one of the table's own.</summary>
    public bool IsBuiltIn => Hook is not null;

    /// <summary>By value, rule by rule.</summary>
    public bool Equals(Chain? other)
        => ReferenceEquals(this, other) || (other is not null && Name == other.Name && Hook == other.Hook && Policy == other.Policy
        && Counters == other.Counters && Slot == other.Slot && Rules.AsSpan().SequenceEqual(other.Rules.AsSpan()));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Hook, Policy, Counters, Slot, Rules.Length);
}
