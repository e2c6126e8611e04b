using Weir.Iptables.Names;
using Weir.Iptables.Parsing;
using Weir.Model;

namespace Weir.Iptables.Extensions;

/// <summary>One use of an option: what was given and what the common reader made of it.</summary>
internal sealed class OptionCall(Extension extension, ExtensionOption option, string? argument, bool invert, uint used, RuleDraft rule,
    INames names, Getopt getopt)
{
    /// <summary>Whose option it is.</summary>
    public Extension Extension { get; } = extension;

    /// <summary>The option.</summary>
    public ExtensionOption Option { get; } = option;

    /// <summary>The argument as given.</summary>
    public string Argument => RawArgument ?? "";

    /// <summary>The argument, null if the option takes none.</summary>
    public string? RawArgument { get; } = argument;

    /// <summary>Whether ! stands before the option.</summary>
    public bool Invert { get; } = invert;

    /// <summary>Bits of the extension's options used before this one.</summary>
    public uint Used { get; } = used;

    /// <summary>The rule as far as it is read.</summary>
    public RuleDraft Rule { get; } = rule;

    /// <summary>Names of ports, hosts and protocols.</summary>
    public INames Names { get; } = names;

    /// <summary>The arguments, for options that take more than one.</summary>
    public Getopt Getopt { get; } = getopt;

    /// <summary>
    /// The value of <see cref="OptionType.Number"/>, <see cref="OptionType.SyslogLevel"/> and <see cref="OptionType.Protocol"/>.
    /// </summary>
    public uint Number { get; set; }

    /// <summary>The value of <see cref="OptionType.Real"/>.</summary>
    public double Real { get; set; }

    /// <summary>The values of <see cref="OptionType.NumberRange"/>.</summary>
    public (uint Low, uint High) Range { get; set; }

    /// <summary>The values of <see cref="OptionType.MarkMask"/>.</summary>
    public (uint Value, uint Mask) Mark { get; set; }

    /// <summary>The value of <see cref="OptionType.PortRange"/>; as typed, so Min may be above Max.</summary>
    public PortRange Ports { get; set; }

    /// <summary>The values of <see cref="OptionType.HostMask"/>; of <see cref="OptionType.PrefixMask"/> only the mask.</summary>
    public AddressMask Host { get; set; }
}
