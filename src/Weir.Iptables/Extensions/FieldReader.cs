using System.Globalization;
using System.Text;
using Weir.Model;

namespace Weir.Iptables.Extensions;

/// <summary>Reads what <see cref="FieldWriter"/> wrote.</summary>
/// <exception cref="FormatException">From every method, where the text is damaged.</exception>
internal ref struct FieldReader(ReadOnlySpan<char> line)
{
    private ReadOnlySpan<char> _rest = line;

    /// <summary>Whether no field is left.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>The next field.</summary>
    public ReadOnlySpan<char> Field()
    {
        if (_rest.IsEmpty) throw new FormatException("a field is missing");
        var end = _rest.IndexOf(' ');
        var field = end < 0 ? _rest : _rest[..end];
        _rest = end < 0 ? default : _rest[(end + 1)..];
        return field;
    }

    /// <summary>A number.</summary>
    public ulong Number() => Digits(Field());

    /// <summary>A number of 32 bits.</summary>
    public uint Number32() => Number() is var value and <= uint.MaxValue ? (uint)value : throw new FormatException("a number is too large");

    /// <summary>A number of 16 bits.</summary>
    public ushort Number16()
        => Number() is var value and <= ushort.MaxValue ? (ushort)value : throw new FormatException("a number is too large");

    /// <summary>A number of 8 bits.</summary>
    public byte Number8() => Number() is var value and <= byte.MaxValue ? (byte)value : throw new FormatException("a number is too large");

    /// <summary>A truth value.</summary>
    public bool Flag() => Number() switch
    {
        0 => false,
        1 => true,
        _ => throw new FormatException("a flag is neither 0 nor 1"),
    };

    /// <summary>Ports.</summary>
    public PortRange Ports() => new(Number16(), Number16());

    /// <summary>Ports that may be missing.</summary>
    public PortRange? OptionalPorts() => Flag() ? Ports() : null;

    /// <summary>An address.</summary>
    public Address Address()
    {
        var first = Field();
        if (first.Length > 1 && first[0] == ':')
        {
            return Digits(first[1..]) is var v4 and <= uint.MaxValue ? Model.Address.FromIPv4((uint)v4)
                : throw new FormatException("an address is too large");
        }
        return new Address(Digits(first), Number());
    }

    /// <summary>An address and a mask.</summary>
    public AddressMask Mask() => new(Address(), Address());

    /// <summary>A text.</summary>
    public string Text()
    {
        var field = Field();
        if (field.IsEmpty || field[0] != '\'') throw new FormatException("a text is missing");
        field = field[1..];
        if (!field.Contains('%')) return field.ToString();
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] != '%')
            {
                text.Append(field[i]);
                continue;
            }
            if (i + 4 >= field.Length || !ushort.TryParse(field.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture, out var code))
                throw new FormatException("a text has a damaged escape");
            text.Append((char)code);
            i += 4;
        }
        return text.ToString();
    }

    private static ulong Digits(ReadOnlySpan<char> text)
        => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
        : throw new FormatException("not a number");
}
