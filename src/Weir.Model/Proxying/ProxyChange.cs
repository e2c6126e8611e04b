namespace Weir.Model.Proxying;

/// <summary>A change of what a Service proxy wants.</summary>
public sealed record ProxyChange
{
    /// <summary>Services to be there exactly like this.</summary>
    public IReadOnlyList<ProxiedService> Set { get; init; } = [];

    /// <summary>Services to be there no more.</summary>
    public IReadOnlyList<ServiceKey> Removed { get; init; } = [];

    /// <summary>Whether <see cref="Set"/> is all that is to be there: every other virtual service goes, excluded prefixes apart.</summary>
    public bool IsWhole { get; init; }

    /// <summary>The node's settings; null leaves them.</summary>
    public ProxySettings? Settings { get; init; }
}
