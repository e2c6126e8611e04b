namespace Weir.Iptables.Extensions;

/// <summary>An option of a match or target. Options with the same <see cref="Id"/> (0 to 31) are synonyms.</summary>
internal sealed record ExtensionOption(string Name, int Id, OptionType Type)
{
    /// <summary>Whether the rule is wrong without it.</summary>
    public bool Mandatory { get; init; }

    /// <summary>Whether ! may stand before it.</summary>
    public bool Invertible { get; init; }

    /// <summary>The smallest number, or the shortest text.</summary>
    public ulong Min { get; init; }

    /// <summary>The greatest number, or the longest text (0: no limit).</summary>
    public ulong Max { get; init; }

    /// <summary>Bits (1 &lt;&lt; Id) of options that must not be there too.</summary>
    public uint Excludes { get; init; }

    /// <summary>Bits of options that must be there too.</summary>
    public uint Requires { get; init; }
}
