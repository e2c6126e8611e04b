namespace Weir.Model.Rules;

/// <summary>What a rule does with a packet that it matches (-j, -g). One sealed record per kind, compared by value.</summary>
public abstract record Target
{
    /// <summary>The name that -j takes.</summary>
    public abstract string Name { get; }
}
