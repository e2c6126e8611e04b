using System.Globalization;
using Weir.Model;

namespace Weir.Ipvs;

/// <summary>An address with an optional port, as ipvsadm reads it: host[:port] or [host]:port.</summary>
/// <param name="Family">IPv6 when it was written so, IPv4-mapped or not.</param>
/// <param name="Address">The address.</param>
/// <param name="Port">The port, or null if none was written.</param>
internal readonly record struct Endpoint(AddressFamily Family, Address Address, ushort? Port)
{
    /// <summary>Reads an address with an optional port; names of ports are those of <paramref name="protocol"/>, if any.</summary>
    public static Endpoint? Parse(string text, ServiceProtocol? protocol, INameResolver resolver)
    {
        // A plain number would be an address to inet_aton, but is more likely a mistake.
        if (text.All(char.IsAsciiDigit)) return null;
        string? port = null;
        if (text[0] == '[')
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || end + 1 == text.Length || text[end + 1] != ':') return null;
            (text, port) = (text[1..end], text[(end + 2)..]);
        }
        if (text.Contains(':') && Address.TryParse(text, out var address))
            return port is null ? new(AddressFamily.IPv6, address, null) : WithPort(AddressFamily.IPv6, address, port, protocol, resolver);
        // What stood in brackets is looked at afresh: the port behind them is lost, as in ipvsadm.
        var colon = text.LastIndexOf(':');
        port = colon < 0 ? null : text[(colon + 1)..];
        if (FindAddress(colon < 0 ? text : text[..colon], resolver) is not { } found) return null;
        return port is null ? new(AddressFamily.IPv4, found, null) : WithPort(AddressFamily.IPv4, found, port, protocol, resolver);
    }

    /// <summary>An IPv4 address as inet_aton(3) reads it, or a host's.</summary>
    public static Address? FindAddress(string text, INameResolver resolver) =>
        ParseAddress(text) ?? (text.Length == 0 ? null : resolver.FindHost(text));

    /// <summary>The protocol's name in services(5); null for those that ipvsadm does not look up.</summary>
    public static string? NameOf(ServiceProtocol? protocol) => protocol switch
    {
        ServiceProtocol.Tcp => "tcp",
        ServiceProtocol.Udp => "udp",
        _ => null,
    };

    private static Endpoint? WithPort(AddressFamily family, Address address, string text, ServiceProtocol? protocol, INameResolver resolver)
    {
        if (Numbers.Parse(text, 0, ushort.MaxValue) is { } number) return new(family, address, (ushort)number);
        if (NameOf(protocol) is { } name && resolver.FindPort(text, name) is { } port) return new(family, address, port);
        return null;
    }

    // inet_aton(3): one to four numbers in decimal, octal or hexadecimal, the last one filling the remaining bytes, white space after it.
    private static Address? ParseAddress(string text)
    {
        var end = 0;
        while (end < text.Length && !Numbers.IsSpace(text[end])) end++;
        var parts = text[..end].Split('.');
        if (parts.Length > 4) return null;
        uint value = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            if (ParsePart(parts[i]) is not { } part) return null;
            var isLast = i == parts.Length - 1;
            var bits = isLast ? 32 - 8 * i : 8;
            if (part >> bits != 0) return null;
            value |= (uint)(part << (isLast ? 0 : 24 - 8 * i));
        }
        return Address.FromIPv4(value);
    }

    private static ulong? ParsePart(string text)
    {
        if (text.Length == 0 || !char.IsAsciiDigit(text[0])) return null;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : null;
        var radix = text[0] == '0' ? 8u : 10u;
        ulong value = 0;
        foreach (var character in text)
        {
            var digit = (uint)(character - '0');
            if (digit >= radix) return null;
            value = value * radix + digit;
            if (value > uint.MaxValue) return null;
        }
        return value;
    }
}
