namespace Weir.Ipvs;

/// <summary>Numbers as C's library reads them.</summary>
internal static class Numbers
{
    /// <summary>A decimal number as strtol(3) reads it, with nothing after it, within bounds; otherwise null.</summary>
    public static long? Parse(string text, long minimum, long maximum)
    {
        var position = 0;
        while (position < text.Length && IsSpace(text[position])) position++;
        var negative = position < text.Length && text[position] == '-';
        if (negative || position < text.Length && text[position] == '+') position++;
        if (position == text.Length) return null;
        long value = 0;
        for (; position < text.Length; position++)
        {
            if (!char.IsAsciiDigit(text[position])) return null;
            value = value * 10 + (text[position] - '0');
            if (value > uint.MaxValue) return null;
        }
        if (negative) value = -value;
        return value >= minimum && value <= maximum ? value : null;
    }

    /// <summary>The number that a text begins with, as atoi(3): 0 when there is none.</summary>
    public static int ParseStart(string text)
    {
        var position = 0;
        while (position < text.Length && IsSpace(text[position])) position++;
        var start = position;
        if (position < text.Length && text[position] is ('-' or '+')) position++;
        while (position < text.Length && char.IsAsciiDigit(text[position])) position++;
        return int.TryParse(text.AsSpan(start, position - start), out var value) ? value : 0;
    }

    /// <summary>Whether C's isspace(3) holds.</summary>
    public static bool IsSpace(char character) => character is ' ' or >= '\t' and <= '\r';
}
