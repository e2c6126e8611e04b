namespace Weir.Ipvs;

/// <summary>The input of a restore: a command a line, words between blanks, no quotes and no comments.</summary>
internal static class RestoreInput
{
    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(TextReader input)
    {
        while (input.ReadLine() is { } line) yield return line;
    }

    /// <summary>
    /// The words of a line. The program's name may stand anywhere and means nothing, so that lines of a script can be fed.
    /// A NUL ends a word, as everywhere in C.
    /// </summary>
    public static List<string> Words(string line) =>
        [.. line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Split('\0')[0])
            .Where(word => word != "ipvsadm")];
}
