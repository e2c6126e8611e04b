using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model.Rules;

namespace Weir.Iptables;

/// <summary>Reads the lines of iptables-restore into a rule set.</summary>
internal sealed class RestoreReader(ToolContext tool, RestoreOptions options, Ruleset ruleset, StringBuilder output, StringBuilder errors)
{
    private static readonly char[] Blanks = [' ', '\t', '\n'];

    private TableEditor? _table;
    private string _tableName = "";
    private bool _inTable;
    private bool _stopped;

    /// <summary>The rule set with all committed tables.</summary>
    public Ruleset Ruleset { get; private set; } = ruleset;

    /// <summary>Whether a table was committed.</summary>
    public bool IsChanged { get; private set; }

    /// <summary>Reads everything; false, an exit code and a message where something is wrong.</summary>
    public bool Read(string text, out int exitCode)
    {
        var number = 0;
        try
        {
            for (var start = 0; start < text.Length && !_stopped;)
            {
                var newline = text.IndexOf('\n', start);
                var end = newline < 0 ? text.Length : newline + 1;
                number++;
                var ok = Line(text[start..end], number);
                start = end;
                if (ok || (options.Table is not null && options.Table != _tableName)) continue;
                errors.Append($"{tool.ProgramName}: line {number} failed\n");
                exitCode = ExitCode.OtherProblem;
                return false;
            }
        }
        catch (CommandException problem)
        {
            errors.Append((tool with { Line = number }).TextOf(problem));
            exitCode = problem.ExitCode;
            return false;
        }
        exitCode = ExitCode.Success;
        if (!_inTable || _stopped) return true;
        errors.Append($"{tool.ProgramName}: COMMIT expected at line {number + 1}\n");
        exitCode = ExitCode.OtherProblem;
        return false;
    }

    private bool Line(string line, int number)
    {
        if (line[0] == '\n') return true;
        if (line[0] == '#')
        {
            if (options.Verbose > 0) output.Append(line);
            return true;
        }
        if (_inTable && line == "COMMIT\n") return Commit();
        if (line[0] == '*' && !_inTable) return StartTable(line, number);
        if (!_inTable) return false;
        return line[0] == ':' ? StartChain(line, number) : Command(line, number);
    }

    private bool Commit()
    {
        _inTable = false;
        if (options.IsTest || !_table!.IsChanged) return true;
        var table = _table.Build();
        if (KernelCheck.Check(table) != Errno.None) return false;
        Ruleset = Ruleset.With(table);
        IsChanged = true;
        return true;
    }

    private bool StartTable(string line, int number)
    {
        var words = line[1..].Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) throw CommandException.Parameter($"{tool.ProgramName}: line {number} table name invalid");
        // The original has room for 32 bytes.
        _tableName = words[0].Length > 32 ? words[0][..32] : words[0];
        if (options.Table is not null && options.Table != words[0]) return true;
        if (!TableKinds.TryParse(words[0], out var kind))
            throw CommandException.Parameter($"{tool.ProgramName}: unable to initialize table '{words[0]}'");
        _table = new TableEditor(Ruleset[kind]);
        if (!options.NoFlush)
        {
            var runner = new CommandRunner(_table, tool.Names, output);
            runner.Flush(null, options.Verbose > 0);
            runner.DeleteChains(null, options.Verbose > 0);
        }
        _inTable = true;
        return true;
    }

    private bool StartChain(string line, int number)
    {
        var words = line[1..].Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0) throw CommandException.Parameter($"{tool.ProgramName}: line {number} chain name invalid");
        var chain = words[0];
        if (Encoding.UTF8.GetByteCount(chain) > Chain.MaxNameLength)
            throw CommandException.Parameter($"Invalid chain name `{chain}' ({Chain.MaxNameLength} chars max)");
        if (!_table!.IsBuiltIn(chain))
        {
            if (options.NoFlush && _table.IsChain(chain)) _table.Flush(chain);
            else if (!_table.CreateChain(chain))
                throw CommandException.Parameter($"error creating chain '{chain}':{ErrorText.Plain(_table.Error)}");
        }
        if (words.Length < 2) throw CommandException.Parameter($"{tool.ProgramName}: line {number} policy invalid");
        if (words[1] == "-") return true;
        var counters = default(Counters);
        if (options.Counters && (words.Length < 3 || !TryCounters(words[2], out counters)))
            throw CommandException.Parameter($"invalid policy counters for chain '{chain}'");
        if (!_table.SetPolicy(chain, words[1], counters))
        {
            throw new CommandException(ExitCode.OtherProblem,
                $"Can't set policy `{words[1]}' on `{chain}' line {number}: {ErrorText.Of(_table.Last, _table.Error)}");
        }
        return true;
    }

    private static bool TryCounters(string text, out Counters counters)
    {
        counters = default;
        if (text[0] != '[' || !CNumber.TryScan(text[1..], out var packets)) return false;
        var colon = text.IndexOf(':');
        if (colon < 0 || !CNumber.TryScan(text[(colon + 1)..], out var bytes)) return false;
        counters = new Counters(packets, bytes);
        return true;
    }

    private bool Command(string line, int number)
    {
        List<string> arguments = [tool.ProgramName, "-t", _tableName];
        for (var i = 0; !options.NoFlush && i < options.Verbose; i++) arguments.Add("-v");
        if (line[0] == '[')
        {
            var bracket = line.IndexOf(']');
            if (bracket < 0) throw CommandException.Parameter($"Bad line {number}: need ]");
            var parts = line[1..bracket].Split(':', 2, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0) throw CommandException.Parameter($"Bad line {number}: need :");
            if (parts.Length == 1) throw CommandException.Parameter($"Bad line {number}: need ]");
            if (options.Counters) arguments.AddRange(["--set-counters", parts[0], parts[1]]);
            line = line[(bracket + 1)..];
        }
        ArgumentSplitter.Split(line, arguments);
        var command = CommandParser.Parse(tool with { Line = number }, arguments, restoring: true, errors);
        if (command.Answer is { } answer)
        {
            // -h and -V end the original on the spot, with the tables before this one done.
            output.Append(answer);
            _stopped = true;
            return true;
        }
        return command.Command == Commands.None || new CommandRunner(_table!, tool.Names, output).Run(command);
    }
}
