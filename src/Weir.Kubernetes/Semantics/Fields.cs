using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>Reads texts of objects into what the model has.</summary>
public static class Fields
{
    /// <summary>
    /// An address as Kubernetes reads it: surrounding blanks do not count, and decimal numbers may begin with zeros (ParseIPSloppy), for the sake of old objects.
    /// </summary>
    public static bool TryAddress([NotNullWhen(true)] string? text, out Address address)
    {
        address = default;
        if (text is null) return false;
        text = text.Trim();
        if (Address.TryParse(text, out address)) return true;
        var parts = text.Split('.');
        if (parts.Length != 4) return false;
        for (var i = 0; i < 4; i++)
        {
            if (parts[i].Length == 0) return false;
            parts[i] = parts[i].TrimStart('0') is { Length: > 0 } digits ? digits : "0";
        }
        return Address.TryParse(string.Join('.', parts), out address);
    }

    /// <summary>An address that packets can be sent to one by one: not unspecified, loopback, multicast or broadcast.</summary>
    public static bool IsUsable(Address address) => address.IsIPv4
        ? address.IPv4 >> 24 is not (0 or 127 or >= 224)
        : address.High >> 56 != 0xff && !(address.High == 0 && address.Low <= 1);

    /// <summary>An address/prefix-length as Kubernetes reads it.</summary>
    public static bool TryPrefix([NotNullWhen(true)] string? text, out AddressMask prefix)
    {
        prefix = default;
        if (text is null) return false;
        text = text.Trim();
        var slash = text.IndexOf('/');
        if (slash < 0 || !TryAddress(text[..slash], out var address)) return false;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)) return false;
        if (length > AddressMask.BitsOf(address.Family)) return false;
        prefix = AddressMask.Prefix(address, length);
        return true;
    }

    /// <summary>A protocol's name; none is TCP, as the API defines it.</summary>
    public static bool TryProtocol(string? text, out ServiceProtocol protocol)
    {
        protocol = text switch { "UDP" => ServiceProtocol.Udp, "SCTP" => ServiceProtocol.Sctp, _ => ServiceProtocol.Tcp };
        return text is null or "" or "TCP" or "UDP" or "SCTP";
    }

    /// <summary>A port from 1 to 65535.</summary>
    public static bool TryPort(int? number, out ushort port)
    {
        port = (ushort)(number ?? 0);
        return number is > 0 and <= ushort.MaxValue;
    }
}
