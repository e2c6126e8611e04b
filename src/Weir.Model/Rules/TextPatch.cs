namespace Weir.Model.Rules;

/// <summary>An edit of a stored text (<see cref="IRulesetCodec"/>): a chain's line is another, and a rule's line comes or goes behind it.</summary>
/// <param name="HeadStart">The byte where the chain's line begins.</param>
/// <param name="Head">The line that takes its place.</param>
/// <param name="HeadEnd">The byte behind the chain's line.</param>
/// <param name="Start">The byte where the rule's line begins, or is to begin.</param>
/// <param name="Line">The line that comes, or nothing.</param>
/// <param name="End">The byte behind the line that goes; <paramref name="Start"/> where one comes.</param>
public sealed record TextPatch(int HeadStart, byte[] Head, int HeadEnd, int Start, byte[] Line, int End)
{
    /// <summary>The length of a text after the edit.</summary>
    public int LengthOf(int before) => before + Head.Length - (HeadEnd - HeadStart) + Line.Length - (End - Start);

    /// <summary>Writes the text after the edit.</summary>
    public void Apply(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        Put(text[..HeadStart], ref destination);
        Put(Head, ref destination);
        Put(text[HeadEnd..Start], ref destination);
        Put(Line, ref destination);
        Put(text[End..], ref destination);

        static void Put(ReadOnlySpan<byte> part, ref Span<byte> rest)
        {
            part.CopyTo(rest);
            rest = rest[part.Length..];
        }
    }
}
