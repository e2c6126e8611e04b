using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Weir.Model;

/// <summary>
/// An IPv4 or IPv6 address in 128 bits; IPv4 is held IPv4-mapped (::ffff:a.b.c.d, RFC 4291, 2.5.5.2), so one key layout serves both.
/// </summary>
public readonly struct Address : IEquatable<Address>, IComparable<Address>
{
    private const ulong MappedPrefix = 0xffff_0000_0000;

    /// <summary>An address of its two halves, as numbers: the first byte on the wire is the highest of <paramref name="high"/>.</summary>
    public Address(ulong high, ulong low)
    {
        High = high;
        Low = low;
    }

    /// <summary>The first eight bytes, as a number.</summary>
    public ulong High { get; }

    /// <summary>The last eight bytes, as a number.</summary>
    public ulong Low { get; }

    /// <summary>0.0.0.0.</summary>
    public static Address AnyIPv4 => FromIPv4(0);

    /// <summary>::, which is also the default value.</summary>
    public static Address AnyIPv6 => default;

    /// <summary>Whether the address is IPv4 (also when it was written as the IPv4-mapped IPv6 address).</summary>
    public bool IsIPv4 => High == 0 && (Low & 0xffff_ffff_0000_0000) == MappedPrefix;

    /// <summary>The family of the address.</summary>
    public AddressFamily Family => IsIPv4 ? AddressFamily.IPv4 : AddressFamily.IPv6;

    /// <summary>The IPv4 address as a number (10.0.0.1 is 0x0a000001): the last four bytes.</summary>
    public uint IPv4 => (uint)Low;

    /// <summary>An IPv4 address from its number: 0x0a000001 is 10.0.0.1.</summary>
    public static Address FromIPv4(uint value) => new(0, MappedPrefix | value);

    /// <summary>An address from its bytes in network order: 4 for IPv4, 16 for IPv6.</summary>
    public static Address FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        4 => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
        16 => new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])),
        _ => throw new ArgumentException("an address has 4 or 16 bytes", nameof(bytes)),
    };

    /// <summary>Writes the 16 bytes in network order, IPv4 mapped.</summary>
    public void WriteBytes(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <summary>Reads a dotted quad or an IPv6 address, exactly what inet_pton(3) accepts.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Address address)
    {
        address = default;
        return text is not null && (text.Contains(':') ? TryParseIPv6(text, out address) : TryParseIPv4(text, out address));
    }

    /// <summary>As <see cref="TryParse"/>, for addresses known to be right.</summary>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static Address Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"not an address: {text}");

    /// <summary>Reads a dotted quad of four decimal numbers.</summary>
    public static bool TryParseIPv4(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        uint value = 0;
        var position = 0;
        for (var part = 0; part < 4; part++)
        {
            if (part > 0 && (position == text.Length || text[position++] != '.')) return false;
            var start = position;
            uint number = 0;
            while (position < text.Length && char.IsAsciiDigit(text[position]))
            {
                // A leading zero could mean octal, so inet_pton refuses it.
                if (position > start && number == 0) return false;
                number = number * 10 + (uint)(text[position++] - '0');
                if (number > 255) return false;
            }
            if (position == start) return false;
            value = value << 8 | number;
        }
        if (position != text.Length) return false;
        address = FromIPv4(value);
        return true;
    }

    private static bool TryParseIPv6(ReadOnlySpan<char> text, out Address address)
    {
        address = default;
        Span<ushort> words = stackalloc ushort[8];
        words.Clear();
        int count = 0, gap = -1, position = 0;
        if (text.StartsWith("::"))
        {
            gap = 0;
            position = 2;
        }
        else if (text.StartsWith(":"))
        {
            return false;
        }
        while (position < text.Length)
        {
            if (count == 8) return false;
            var rest = text[position..];
            var length = rest.IndexOf(':') is var colon && colon < 0 ? rest.Length : colon;
            if (colon < 0 && rest.Contains('.'))
            {
                if (count > 6 || !TryParseIPv4(rest, out var embedded)) return false;
                words[count++] = (ushort)(embedded.IPv4 >> 16);
                words[count++] = (ushort)embedded.IPv4;
                break;
            }
            if (length is 0 or > 4) return false;
            if (!ushort.TryParse(rest[..length], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var word)) return false;
            words[count++] = word;
            position += length;
            if (position == text.Length) break;
            position++;
            if (position == text.Length) return false;
            if (text[position] != ':') continue;
            if (gap >= 0) return false;
            gap = count;
            position++;
        }
        if (gap < 0 ? count != 8 : count == 8) return false;
        if (gap >= 0)
        {
            var tail = count - gap;
            words[gap..count].CopyTo(words[(8 - tail)..]);
            words[gap..(8 - tail)].Clear();
        }
        ulong high = 0, low = 0;
        for (var i = 0; i < 4; i++)
        {
            high = high << 16 | words[i];
            low = low << 16 | words[i + 4];
        }
        address = new(high, low);
        return true;
    }

    /// <summary>The text that inet_ntop(3) gives.</summary>
    public override string ToString()
    {
        if (IsIPv4) return QuadText(IPv4);
        // The longest run of two or more zero words becomes "::"; the first one wins.
        int best = -1, bestLength = 1;
        for (var i = 0; i < 8; i++)
        {
            var length = 0;
            while (i + length < 8 && Word(i + length) == 0) length++;
            if (length > bestLength) (best, bestLength) = (i, length);
            i += length;
        }
        var text = new StringBuilder(40);
        if (best == 0 && bestLength == 6) return $"::{QuadText((uint)Low)}";
        for (var i = 0; i < 8; i++)
        {
            if (i == best)
            {
                text.Append("::");
                i += bestLength - 1;
                continue;
            }
            if (i > 0 && text[^1] != ':') text.Append(':');
            text.Append(Word(i).ToString("x", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    private static string QuadText(uint value) => $"{value >> 24}.{value >> 16 & 0xff}.{value >> 8 & 0xff}.{value & 0xff}";

    private ushort Word(int index) => (ushort)((index < 4 ? High : Low) >> (3 - index % 4) * 16);

    /// <summary>By family first (IPv4 before IPv6), then by number.</summary>
    public int CompareTo(Address other)
    {
        if (IsIPv4 != other.IsIPv4) return IsIPv4 ? -1 : 1;
        return High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);
    }

    /// <inheritdoc/>
    public bool Equals(Address other) => High == other.High && Low == other.Low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Address other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(High, Low);

    public static bool operator ==(Address left, Address right) => left.Equals(right);

    public static bool operator !=(Address left, Address right) => !left.Equals(right);

    public static bool operator <(Address left, Address right) => left.CompareTo(right) < 0;

    public static bool operator >(Address left, Address right) => left.CompareTo(right) > 0;

    public static bool operator <=(Address left, Address right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Address left, Address right) => left.CompareTo(right) >= 0;
}
