namespace Weir.Model.Rules.Targets;

/// <summary>
/// LOG: write a line about the packet and go on with the next rule. <paramref name="Level"/> is syslog's (0 emergency to 7 debug).
/// </summary>
public sealed record LogTarget(byte Level, LogOptions Options, string Prefix) : Target
{
    /// <summary>The longest prefix, in bytes.</summary>
    public const int MaxPrefixLength = 29;

    /// <summary>The level when none is given: warning.</summary>
    public const byte DefaultLevel = 4;

    /// <inheritdoc/>
    public override string Name => "LOG";
}
