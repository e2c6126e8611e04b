namespace Weir.Iptables.Parsing;

/// <summary>Numbers as the C library reads them: blanks before, a sign, decimal, 0 octal, 0x hexadecimal.</summary>
internal static class CNumber
{
    /// <summary>A number that fills the whole text and lies in the range.</summary>
    public static bool TryParse(string text, ulong min, ulong max, out ulong value)
        => TryParse(text, 0, min, max, out value, out var end) && end == text.Length;

    /// <summary>As above, for 32 bits.</summary>
    public static bool TryParse(string text, uint min, uint max, out uint value)
    {
        var ok = TryParse(text, (ulong)min, max, out var wide);
        value = (uint)wide;
        return ok;
    }

    /// <summary>A number at a place; <paramref name="end"/> is where it ended, set also when it is out of range.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, int start, ulong min, ulong max, out ulong value, out int end)
    {
        value = 0;
        end = start;
        var at = start;
        while (at < text.Length && IsSpace(text[at])) at++;
        if (at < text.Length && text[at] == '-') return false;
        if (at < text.Length && text[at] == '+') at++;
        uint radix = 10;
        if (at < text.Length && text[at] == '0')
        {
            radix = 8;
            if (at + 2 < text.Length && text[at + 1] is 'x' or 'X' && Digit(text[at + 2]) < 16)
            {
                radix = 16;
                at += 2;
            }
        }
        var first = at;
        var overflow = false;
        while (at < text.Length && Digit(text[at]) < radix)
        {
            var digit = Digit(text[at++]);
            overflow |= value > (ulong.MaxValue - digit) / radix;
            value = unchecked(value * radix + digit);
        }
        if (at == first) return false;
        end = at;
        return !overflow && value >= min && value <= max;
    }

    /// <summary>What scanf's %llu reads at the start of the text.</summary>
    public static bool TryScan(string text, out ulong value)
    {
        value = 0;
        var at = 0;
        while (at < text.Length && IsSpace(text[at])) at++;
        var negative = at < text.Length && text[at] == '-';
        if (at < text.Length && text[at] is '-' or '+') at++;
        var first = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            var wide = (UInt128)value * 10 + (uint)(text[at++] - '0');
            value = wide > ulong.MaxValue ? ulong.MaxValue : (ulong)wide;
        }
        if (negative) value = unchecked(0 - value);
        return at > first;
    }

    /// <summary>isspace(3) in the C locale.</summary>
    public static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');

    private static uint Digit(char c) => c switch
    {
        >= '0' and <= '9' => (uint)(c - '0'),
        >= 'a' and <= 'f' => (uint)(c - 'a' + 10),
        >= 'A' and <= 'F' => (uint)(c - 'A' + 10),
        _ => 99,
    };
}
