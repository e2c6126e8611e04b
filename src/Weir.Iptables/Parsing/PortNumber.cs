using Weir.Iptables.Names;

namespace Weir.Iptables.Parsing;

/// <summary>A port by number or service name.</summary>
internal static class PortNumber
{
    /// <summary>Reads a port.</summary>
    public static ushort Parse(string text, string? protocol, INames names)
        => CNumber.TryParse(text, 0u, ushort.MaxValue, out uint number)
            ? (ushort)number
            : names.PortOf(text, protocol) ?? throw CommandException.Parameter($"invalid port/service `{text}' specified");
}
