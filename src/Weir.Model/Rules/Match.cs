namespace Weir.Model.Rules;

/// <summary>A condition of a rule beyond addresses, devices and protocol (-m). One sealed record per kind, compared by value.</summary>
public abstract record Match
{
    /// <summary>The name that -m takes.</summary>
    public abstract string Name { get; }
}
