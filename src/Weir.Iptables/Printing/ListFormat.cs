namespace Weir.Iptables.Printing;

/// <summary>What a listing shows.</summary>
[Flags]
internal enum ListFormat
{
    None = 0,

    /// <summary>Addresses, ports and protocols as numbers.</summary>
    Numeric = 1,

    /// <summary>Packets and bytes.</summary>
    Counters = 2,

    /// <summary>Counters without K, M, G.</summary>
    Exact = 4,

    /// <summary>The devices.</summary>
    Devices = 8,

    /// <summary>The rules' numbers.</summary>
    LineNumbers = 16,

    /// <summary>No columns: the line that -v shows of a rule being changed.</summary>
    InLine = 32,
}
