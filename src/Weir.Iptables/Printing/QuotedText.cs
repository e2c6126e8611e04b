using System.Buffers;
using System.Text;

namespace Weir.Iptables.Printing;

/// <summary>Texts as iptables-save writes them and iptables-restore reads them back.</summary>
internal static class QuotedText
{
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Writes a blank and the text, in quotes where it has more than letters, digits, _ and -.</summary>
    public static void Append(StringBuilder output, string text)
    {
        output.Append(' ');
        if (text.Length > 0 && !text.AsSpan().ContainsAnyExcept(Plain))
        {
            output.Append(text);
            return;
        }
        output.Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\' or '\'') output.Append('\\');
            output.Append(c);
        }
        output.Append('"');
    }

    /// <summary>The text's first bytes, as many as fit, without half a character at the end.</summary>
    public static string Cut(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes) return text;
        var length = 0;
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > maxBytes) break;
            length += rune.Utf16SequenceLength;
        }
        return text[..length];
    }
}
