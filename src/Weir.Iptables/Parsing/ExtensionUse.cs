using Weir.Iptables.Extensions;

namespace Weir.Iptables.Parsing;

/// <summary>A match or target of the rule being read.</summary>
internal sealed class ExtensionUse(Extension extension, RuleDraft rule, int offset)
{
    public Extension Extension { get; } = extension;

    /// <summary>Where the values of its long options start.</summary>
    public int Offset { get; } = offset;

    public object Record { get; set; } = extension.Start(rule);

    /// <summary>Bits of the options given.</summary>
    public uint Used { get; set; }

    /// <summary>Whether a later match of the same name has taken over its options.</summary>
    public bool IsComplete { get; set; }
}
