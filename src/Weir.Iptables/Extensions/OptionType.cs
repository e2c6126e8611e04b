namespace Weir.Iptables.Extensions;

/// <summary>How an extension's option reads its argument, with the original's messages.</summary>
internal enum OptionType
{
    /// <summary>No argument.</summary>
    None,

    /// <summary>The extension reads the argument itself; the common checks (once, no inversion) are its own too.</summary>
    Raw,

    /// <summary>Any text, Min to Max bytes long where these are given.</summary>
    Text,

    /// <summary>A number from Min to Max.</summary>
    Number,

    /// <summary>A floating point number from Min to Max.</summary>
    Real,

    /// <summary>Numbers of 32 bits, low:high.</summary>
    NumberRange,

    /// <summary>value[/mask], 32 bits.</summary>
    MarkMask,

    /// <summary>A name or number of syslog's.</summary>
    SyslogLevel,

    /// <summary>An address or name, [/mask].</summary>
    HostMask,

    /// <summary>An IP protocol.</summary>
    Protocol,

    /// <summary>port[:port], numbers or names.</summary>
    PortRange,

    /// <summary>A prefix length or a mask that becomes one.</summary>
    PrefixMask,
}
