namespace Weir.Iptables;

/// <summary>The version that Weir speaks the language of.</summary>
internal static class ToolVersion
{
    /// <summary>The version of iptables whose texts these are.</summary>
    public const string Number = "1.8.9";

    /// <summary>What stands before each message: a part of the original's texts that scripts compare.</summary>
    public const string InMessages = Number + " (legacy)";

    /// <summary>What -V says. Scripts look for the number, people for who answers.</summary>
    public const string Shown = Number + " (weir)";
}
