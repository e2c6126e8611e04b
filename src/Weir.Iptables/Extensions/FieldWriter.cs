using System.Text;
using Weir.Model;

namespace Weir.Iptables.Extensions;

/// <summary>Writes fields of the stored form: separated by blanks, none empty.</summary>
internal sealed class FieldWriter(StringBuilder output)
{
    /// <summary>The text so far.</summary>
    public StringBuilder Output { get; } = output;

    /// <summary>A number.</summary>
    public FieldWriter Number(ulong value)
    {
        Output.Append(' ').Append(value);
        return this;
    }

    /// <summary>A truth value.</summary>
    public FieldWriter Flag(bool value)
    {
        Output.Append(value ? " 1" : " 0");
        return this;
    }

    /// <summary>Ports.</summary>
    public FieldWriter Ports(PortRange ports) => Number(ports.Min).Number(ports.Max);

    /// <summary>Ports that may be missing.</summary>
    public FieldWriter Ports(PortRange? ports) => ports is { } range ? Flag(true).Ports(range) : Flag(false);

    /// <summary>An address: its two halves.</summary>
    public FieldWriter Address(Address address)
    {
        if (address.IsIPv4)
        {
            Output.Append(" :").Append(address.IPv4);
            return this;
        }
        return Number(address.High).Number(address.Low);
    }

    /// <summary>An address and a mask.</summary>
    public FieldWriter Mask(AddressMask mask) => Address(mask.Address).Address(mask.Mask);

    /// <summary>Any text: blanks, control characters and % become %XXXX; an apostrophe goes first, so that it is never empty.</summary>
    public FieldWriter Text(string text)
    {
        Output.Append(" '");
        foreach (var c in text)
        {
            if (c > ' ' && c is not '%' and < (char)0x7f) Output.Append(c);
            else Output.Append('%').Append(((int)c).ToString("X4"));
        }
        return this;
    }
}
