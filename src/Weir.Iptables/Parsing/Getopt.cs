namespace Weir.Iptables.Parsing;

/// <summary>
/// getopt_long(3) of glibc: clusters of short options, abbreviated long ones, optional arguments. Its position is open to the caller,
/// because iptables reads on from there.
/// </summary>
internal sealed class Getopt
{
    /// <summary>The end of the options.</summary>
    public const int End = -1;

    /// <summary>An argument that is no option (only in order).</summary>
    public const int Argument = 1;

    private readonly string _short;
    private readonly bool _inOrder;
    private readonly bool _quiet;
    private readonly TextWriter? _errors;
    private readonly LongOption[] _options;
    private readonly List<string> _operands = [];
    private string _cluster = "";
    private int _clusterAt;

    /// <summary>Starts after the program's name. A <paramref name="shortOptions"/> that starts with - gives everything in order.</summary>
    public Getopt(List<string> arguments, string shortOptions, LongOption[] longOptions, TextWriter? errors = null)
    {
        Arguments = arguments;
        _options = longOptions;
        _inOrder = shortOptions.StartsWith('-');
        _short = _inOrder ? shortOptions[1..] : shortOptions;
        _quiet = _short.StartsWith(':');
        _errors = errors;
    }

    /// <summary>All arguments, the program's name first.</summary>
    public List<string> Arguments { get; }

    /// <summary>Long options that come after the first ones; may change between calls.</summary>
    public List<LongOption> AddedOptions { get; } = [];

    /// <summary>The next argument to look at (optind).</summary>
    public int Index { get; set; } = 1;

    /// <summary>The argument of the option returned (optarg).</summary>
    public string? Value { get; private set; }

    /// <summary>The argument before <see cref="Index"/>: what iptables takes for the option's argument, and shows in messages.</summary>
    public string Previous => Arguments[Index - 1];

    /// <summary>Whether the next argument can belong to the option before it.</summary>
    public bool HasArgument => Index < Arguments.Count && !Arguments[Index].StartsWith('-') && !Arguments[Index].StartsWith('!');

    /// <summary>Arguments that are no options, after <see cref="End"/>; empty when in order.</summary>
    public IReadOnlyList<string> Operands => _operands;

    /// <summary>
    /// The next option: a letter, a long option's value, '?' (unknown), ':' (its argument is missing), or one of the constants.
    /// </summary>
    public int Next()
    {
        Value = null;
        if (_clusterAt < _cluster.Length) return NextShort();
        while (true)
        {
            if (Index >= Arguments.Count) return End;
            var argument = Arguments[Index];
            if (argument == "--")
            {
                Index++;
                if (_inOrder) return End;
                while (Index < Arguments.Count) _operands.Add(Arguments[Index++]);
                return End;
            }
            if (argument.Length < 2 || argument[0] != '-')
            {
                Index++;
                if (!_inOrder)
                {
                    _operands.Add(argument);
                    continue;
                }
                Value = argument;
                return Argument;
            }
            if (argument[1] == '-') return NextLong(argument[2..]);
            _cluster = argument;
            _clusterAt = 1;
            return NextShort();
        }
    }

    private int NextShort()
    {
        var letter = _cluster[_clusterAt++];
        var last = _clusterAt == _cluster.Length;
        if (last) Index++;
        var at = letter is ':' or ';' ? -1 : _short.IndexOf(letter);
        if (at < 0)
        {
            Complain($"invalid option -- '{letter}'");
            return '?';
        }
        if (at + 1 >= _short.Length || _short[at + 1] != ':') return letter;
        var optional = at + 2 < _short.Length && _short[at + 2] == ':';
        if (!last)
        {
            Value = _cluster[_clusterAt..];
            Index++;
        }
        else if (!optional)
        {
            if (Index >= Arguments.Count)
            {
                Complain($"option requires an argument -- '{letter}'");
                _clusterAt = _cluster.Length;
                return _quiet ? ':' : '?';
            }
            Value = Arguments[Index++];
        }
        _clusterAt = _cluster.Length;
        return letter;
    }

    private int NextLong(string text)
    {
        Index++;
        var equals = text.IndexOf('=');
        var name = equals < 0 ? text : text[..equals];
        var found = Find(name, out var ambiguous);
        if (ambiguous)
        {
            var names = _options.Concat(AddedOptions).Where(option => option.Name.StartsWith(name, StringComparison.Ordinal));
            Complain($"option '--{text}' is ambiguous; possibilities:{string.Concat(names.Select(option => $" '--{option.Name}'"))}");
            return '?';
        }
        if (found is not { } match)
        {
            Complain($"unrecognized option '--{text}'");
            return '?';
        }
        if (equals >= 0)
        {
            if (match.HasArgument == 0)
            {
                Complain($"option '--{match.Name}' doesn't allow an argument");
                return '?';
            }
            Value = text[(equals + 1)..];
        }
        else if (match.HasArgument == 1)
        {
            if (Index >= Arguments.Count)
            {
                Complain($"option '--{match.Name}' requires an argument");
                return _quiet ? ':' : '?';
            }
            Value = Arguments[Index++];
        }
        return match.Value;
    }

    /// <summary>The option of exactly the name, else the first that begins with it; others that begin with it must do the same.</summary>
    private LongOption? Find(string name, out bool ambiguous)
    {
        LongOption? found = null;
        ambiguous = false;
        for (var i = 0; i < _options.Length + AddedOptions.Count; i++)
        {
            var option = i < _options.Length ? _options[i] : AddedOptions[i - _options.Length];
            if (!option.Name.StartsWith(name, StringComparison.Ordinal)) continue;
            if (option.Name.Length == name.Length)
            {
                ambiguous = false;
                return option;
            }
            if (found is not { } earlier) found = option;
            else ambiguous |= earlier.HasArgument != option.HasArgument || earlier.Value != option.Value;
        }
        return found;
    }

    private void Complain(string message) => _errors?.Write($"{Arguments[0]}: {message}\n");
}
