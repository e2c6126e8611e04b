using System.Collections.Immutable;
using Weir.Iptables.Names;
using Weir.Model;

namespace Weir.Iptables.Parsing;

/// <summary>-s and -d: lists of addresses, names and masks.</summary>
internal static class HostAddress
{
    /// <summary>Reads a list; each address comes out masked.</summary>
    public static ImmutableArray<AddressMask> ParseList(string text, AddressFamily family, INames names)
    {
        var list = ImmutableArray.CreateBuilder<AddressMask>();
        foreach (var part in text.Split(','))
        {
            var item = part.AsSpan().TrimStart(" \t\n\v\f\r").ToString();
            if (item.Length > 255) throw CommandException.Parameter("Hostname too long");
            var slash = item.LastIndexOf('/');
            var mask = slash < 0 ? AddressMask.MaskOf(family, AddressMask.BitsOf(family)) : ParseMask(item[(slash + 1)..], family);
            var name = slash < 0 ? item : item[..slash];
            // A null mask makes the name meaningless, as in "any/0".
            if (new AddressMask(default, mask).IsAny) list.Add(AddressMask.Any(family));
            else if (TryParseNumeric(name, family, out var address)) list.Add(new(AddressMask.And(address, mask), mask));
            else
            {
                var found = names.AddressesOf(name, family);
                if (found.IsEmpty) throw CommandException.Parameter($"host/network `{name}' not found");
                foreach (var host in found) list.Add(new(AddressMask.And(host, mask), mask));
            }
        }
        return list.ToImmutable();
    }

    /// <summary>An address as getaddrinfo reads it without looking names up: also the short IPv4 forms of inet_aton.</summary>
    public static bool TryParseLoose(string text, AddressFamily family, out Address address)
    {
        if (family == AddressFamily.IPv6) return Address.TryParse(text, out address) && !address.IsIPv4;
        address = default;
        var parts = text.Split('.');
        if (parts.Length > 4 || text.Length == 0 || !char.IsAsciiDigit(text[0])) return false;
        uint value = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            var isLast = i == parts.Length - 1;
            var max = isLast ? uint.MaxValue >> (8 * i) : 255;
            if (parts[i].Length == 0 || !char.IsAsciiDigit(parts[i][0])
                || !CNumber.TryParse(parts[i], 0u, max, out uint number))
                return false;
            value |= isLast ? number : number << (24 - 8 * i);
        }
        address = Address.FromIPv4(value);
        return true;
    }

    private static Address ParseMask(string text, AddressFamily family)
    {
        if (family == AddressFamily.IPv4 ? TryParseQuad(text, true, out var mask) : Address.TryParse(text, out mask)
            && !mask.IsIPv4)
            return mask;
        if (!CNumber.TryParse(text, 0u, (uint)AddressMask.BitsOf(family), out uint length))
            throw CommandException.Parameter($"invalid mask `{text}' specified");
        return AddressMask.MaskOf(family, (int)length);
    }

    private static bool TryParseNumeric(string text, AddressFamily family, out Address address) => family == AddressFamily.IPv4
        ? TryParseQuad(text, false, out address)
        : Address.TryParse(text, out address) && !address.IsIPv4;

    /// <summary>Four numbers; an address may leave the last ones away (10.1 is 10.1.0.0).</summary>
    private static bool TryParseQuad(string text, bool isMask, out Address address)
    {
        address = default;
        if (text.Length > 19) text = text[..19];
        uint value = 0;
        var parts = text.Split('.', 4);
        if (isMask && parts.Length < 4) return false;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!CNumber.TryParse(parts[i], 0u, 255u, out uint number)) return false;
            value |= number << (24 - 8 * i);
        }
        address = Address.FromIPv4(value);
        return true;
    }
}
