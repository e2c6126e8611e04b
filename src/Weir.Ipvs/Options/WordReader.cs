namespace Weir.Ipvs;

/// <summary>
/// Reads words and their arguments as popt(3) does: letters cluster, "=" may stand before an argument in both forms,
/// arguments that are no words are kept apart, "--" ends the words.
/// </summary>
internal sealed class WordReader(IReadOnlyList<string> arguments)
{
    private readonly List<string> _others = [];
    private string _cluster = "";
    private int _next;
    private bool _wordsEnded;

    /// <summary>The argument that was read last: what messages name.</summary>
    public string Last => arguments[_next - 1];

    /// <summary>Why <see cref="Read"/> ended before the end, or null.</summary>
    public string? Error { get; private set; }

    /// <summary>The arguments that are neither words nor their arguments.</summary>
    public IReadOnlyList<string> Others => _others;

    /// <summary>The argument of the word that was read last, or null.</summary>
    public string? Argument { get; private set; }

    /// <summary>The next word, or null at the end or at an <see cref="Error"/>.</summary>
    public Word? Read()
    {
        Argument = null;
        while (_cluster.Length == 0)
        {
            if (_next == arguments.Count) return null;
            var argument = arguments[_next++];
            if (_wordsEnded || argument is "" or "-" || argument[0] != '-')
            {
                _others.Add(argument);
            }
            else if (argument == "--")
            {
                _wordsEnded = true;
            }
            else if (argument.StartsWith("--", StringComparison.Ordinal))
            {
                var equals = argument.IndexOf('=', StringComparison.Ordinal);
                var spelling = WordSpelling.Find(equals < 0 ? argument[2..] : argument[2..equals]);
                return Take(spelling, equals < 0 ? null : argument[(equals + 1)..]);
            }
            else
            {
                _cluster = argument[1..];
            }
        }
        var letter = WordSpelling.Find(_cluster[0]);
        _cluster = _cluster[1..];
        if (letter is null || _cluster.Length == 0 || letter.Argument == WordArgument.None && _cluster[0] != '=') return Take(letter, null);
        var attached = _cluster[0] == '=' ? _cluster[1..] : _cluster;
        _cluster = "";
        return Take(letter, attached);
    }

    private Word? Take(WordSpelling? spelling, string? attached)
    {
        if (spelling is null) return Fail("unknown option");
        if (spelling.Argument == WordArgument.None) return attached is null ? spelling.Word : Fail("option does not take an argument");
        var isRequired = spelling.Argument == WordArgument.Required;
        if (attached is null && _next < arguments.Count && (isRequired || !arguments[_next].StartsWith('-'))) attached = arguments[_next++];
        if (attached is null && isRequired) return Fail("missing argument");
        Argument = attached;
        return spelling.Word;
    }

    private Word? Fail(string error)
    {
        Error = error;
        return null;
    }
}
