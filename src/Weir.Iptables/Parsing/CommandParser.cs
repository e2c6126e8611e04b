using System.Text;
using Weir.Iptables.Extensions;
using Weir.Iptables.Names;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Parsing;

/// <summary>
/// Reads a command line of iptables, or a line of a file that iptables-restore reads, as do_parse of iptables 1.8.9 does.
/// </summary>
internal sealed partial class CommandParser
{
    private const string ShortOptions = "-:A:C:D:E:F::I:L::M:N:P:VX::Z::c:d:i:j:o:p:s:t:R:S::W::46bfg:h::m:nvw::x";

    /// <summary>Where the values of extensions' long options start; each loaded extension has this many.</summary>
    private const int OffsetScale = 256;

    private static readonly LongOption[] BaseOptions =
    [
        new("append", 1, 'A'), new("delete", 1, 'D'), new("check", 1, 'C'), new("insert", 1, 'I'), new("replace", 1, 'R'),
        new("list", 2, 'L'),
        new("list-rules", 2, 'S'), new("flush", 2, 'F'), new("zero", 2, 'Z'), new("new-chain", 1, 'N'), new("delete-chain", 2, 'X'),
        new("rename-chain", 1, 'E'), new("policy", 1, 'P'), new("source", 1, 's'), new("destination", 1, 'd'), new("src", 1, 's'),
        new("dst", 1, 'd'),
        new("protocol", 1, 'p'), new("in-interface", 1, 'i'), new("jump", 1, 'j'), new("table", 1, 't'), new("match", 1, 'm'),
        new("numeric", 0, 'n'),
        new("out-interface", 1, 'o'), new("verbose", 0, 'v'), new("wait", 2, 'w'), new("wait-interval", 2, 'W'), new("exact", 0, 'x'),
        new("fragments", 0, 'f'), new("version", 0, 'V'), new("help", 2, 'h'), new("line-numbers", 0, '0'), new("modprobe", 1, 'M'),
        new("set-counters", 1, 'c'), new("goto", 1, 'g'), new("ipv4", 0, '4'), new("ipv6", 0, '6'),
    ];

    private readonly Getopt _getopt;
    private readonly ToolContext _tool;
    private readonly RuleDraft _draft;
    private readonly bool _restoring;
    private readonly ParsedCommand _parsed;
    private readonly StringBuilder _warnings;
    private readonly List<ExtensionUse> _matches = [];
    private readonly Dictionary<Extension, int> _offsets = [];
    private int _lastOffset;
    private ExtensionUse? _target;
    private string? _protocol;
    private bool _protocolUsed;
    private bool _tableGiven;
    private bool _waitIntervalGiven;
    private bool _invert;
    private string? _source;
    private string? _destination;

    private CommandParser(ToolContext tool, List<string> arguments, bool restoring, StringBuilder warnings)
    {
        _warnings = warnings;
        _tool = tool;
        _restoring = restoring;
        _getopt = new Getopt(arguments, ShortOptions, BaseOptions);
        _draft = new RuleDraft(tool.Family);
        _parsed = new ParsedCommand { Rule = new Rule(tool.Family) };
    }

    /// <summary>
    /// Reads the arguments, the program's name first. Some are changed, as the original does. Warnings are written also when an exception
    /// follows.
    /// </summary>
    public static ParsedCommand Parse(ToolContext tool, List<string> arguments, bool restoring, StringBuilder warnings)
        => new CommandParser(tool, arguments, restoring, warnings).Run();

    private ParsedCommand Run()
    {
        for (var option = _getopt.Next(); option != Getopt.End; option = _getopt.Next())
        {
            if (option == Getopt.Argument)
            {
                NonOption();
                continue;
            }
            if (!TryCommand(option) && !TryOption(option))
            {
                if (option is '4' or '6')
                {
                    if (option == (_tool.Family == AddressFamily.IPv4 ? '4' : '6'))
                    {
                        _invert = false;
                        continue;
                    }
                    if (_restoring) return _parsed;
                    throw new CommandException(ExitCode.ParameterProblem, _tool.Hint, isWhole: true);
                }
                if (option is 'h' or 'V')
                {
                    _parsed.Answer = option == 'h' ? HelpText() : VersionText();
                    return _parsed;
                }
                if (!ExtensionOption(option)) continue;
            }
            _invert = false;
        }
        return Finish();
    }

    private void NonOption()
    {
        var text = _getopt.Value!;
        if (text == "!")
        {
            if (_invert) throw CommandException.Parameter("multiple consecutive ! not allowed");
            _invert = true;
            _getopt.Arguments[_getopt.Index - 1] = "";
            return;
        }
        throw new CommandException(ExitCode.ParameterProblem, $"Bad argument `{text}'\n{_tool.Hint}", isWhole: true);
    }

    private bool TryCommand(int option)
    {
        switch (option)
        {
            case 'A':
                Command(Commands.Append);
                _parsed.Chain = _getopt.Value;
                return true;
            case 'C':
                Command(Commands.Check);
                _parsed.Chain = _getopt.Value;
                return true;
            case 'D':
                Command(Commands.Delete);
                _parsed.Chain = _getopt.Value;
                if (!_getopt.HasArgument) return true;
                _parsed.RuleNumber = RuleNumber();
                _parsed.Command = Commands.DeleteNumber;
                return true;
            case 'R':
                Command(Commands.Replace);
                _parsed.Chain = _getopt.Value;
                if (!_getopt.HasArgument) throw CommandException.Parameter("-R requires a rule number");
                _parsed.RuleNumber = RuleNumber();
                return true;
            case 'I':
                Command(Commands.Insert);
                _parsed.Chain = _getopt.Value;
                _parsed.RuleNumber = _getopt.HasArgument ? RuleNumber() : 1;
                return true;
            case 'L':
            case 'S':
                Command(option == 'L' ? Commands.List : Commands.ListRules, Commands.Zero | Commands.ZeroNumber);
                OptionalChain();
                if (_getopt.HasArgument) _parsed.RuleNumber = RuleNumber();
                return true;
            case 'F':
                Command(Commands.Flush);
                OptionalChain();
                return true;
            case 'Z':
                Command(Commands.Zero, Commands.List | Commands.ListRules);
                OptionalChain();
                if (!_getopt.HasArgument) return true;
                _parsed.RuleNumber = RuleNumber();
                _parsed.Command = Commands.ZeroNumber;
                return true;
            case 'N':
                CheckChainName(_getopt.Value!);
                Command(Commands.NewChain);
                _parsed.Chain = _getopt.Value;
                return true;
            case 'X':
                Command(Commands.DeleteChain);
                OptionalChain();
                return true;
            case 'E':
                Command(Commands.RenameChain);
                _parsed.Chain = _getopt.Value;
                if (!_getopt.HasArgument) throw CommandException.Parameter("-E requires old-chain-name and new-chain-name");
                _parsed.NewName = _getopt.Arguments[_getopt.Index++];
                return true;
            case 'P':
                Command(Commands.SetPolicy);
                _parsed.Chain = _getopt.Value;
                if (!_getopt.HasArgument) throw CommandException.Parameter("-P requires a chain and a policy");
                _parsed.Policy = _getopt.Arguments[_getopt.Index++];
                return true;
            default:
                return false;
        }
    }

    private bool TryOption(int option)
    {
        switch (option)
        {
            case 'p':
                Option(CommandOptions.Protocol);
                _draft.InvertProtocol = _invert;
                _protocol = _getopt.Arguments[_getopt.Index - 1] = LowerAscii(_getopt.Previous);
                _draft.Protocol = Protocols.Parse(_protocol, _tool.Names);
                if (_draft.Protocol == 0 && _invert) throw CommandException.Parameter("rule would never match protocol");
                _parsed.Rule = _parsed.Rule with { Protocol = _draft.Protocol, InvertProtocol = _invert };
                return true;
            case 's':
                Option(CommandOptions.Source);
                _source = _getopt.Previous;
                _parsed.Rule = _parsed.Rule with { InvertSource = _invert };
                return true;
            case 'd':
                Option(CommandOptions.Destination);
                _destination = _getopt.Previous;
                _parsed.Rule = _parsed.Rule with { InvertDestination = _invert };
                return true;
            case 'i':
                NotEmpty(_getopt.Value!);
                Option(CommandOptions.InInterface);
                _parsed.Rule = _parsed.Rule with { InInterface = Device(_getopt.Previous), InvertInInterface = _invert };
                return true;
            case 'o':
                NotEmpty(_getopt.Value!);
                Option(CommandOptions.OutInterface);
                _parsed.Rule = _parsed.Rule with { OutInterface = Device(_getopt.Previous), InvertOutInterface = _invert };
                return true;
            case 'f':
                Option(CommandOptions.Fragment);
                _parsed.Rule = _parsed.Rule with { Fragment = true, InvertFragment = _invert };
                return true;
            case 'g':
                Option(CommandOptions.Jump);
                _parsed.IsGoto = true;
                _parsed.Jump = CheckTargetName(_getopt.Value!);
                return true;
            case 'j':
                Option(CommandOptions.Jump);
                Jump(_getopt.Previous);
                return true;
            case 'm':
                if (_invert) throw CommandException.Parameter("unexpected ! flag before --match");
                AddMatch(_getopt.Value!);
                return true;
            case 't':
                if (_invert) throw CommandException.Parameter("unexpected ! flag before --table");
                if (_restoring && _tableGiven) throw CommandException.Parameter($"The -t option cannot be used in {_tool.ProgramName}.\n");
                _parsed.Table = _getopt.Value!;
                _tableGiven = true;
                return true;
            case 'v':
                if (!_parsed.IsVerbose) Option(CommandOptions.Verbose);
                return true;
            case 'n':
                Option(CommandOptions.Numeric);
                return true;
            case 'x':
                Option(CommandOptions.Exact);
                return true;
            case '0':
                Option(CommandOptions.LineNumbers);
                return true;
            case 'c':
                SetCounters();
                return true;
            case 'w':
                if (_restoring) throw CommandException.Parameter("You cannot use `-w' from iptables-restore");
                _parsed.WaitSeconds = WaitOption.Seconds(_getopt);
                _parsed.Wait = WaitOption.Wait(_parsed.WaitSeconds);
                return true;
            case 'W':
                if (_restoring) throw CommandException.Parameter("You cannot use `-W' from iptables-restore");
                _warnings.Append(WaitOption.Interval(_getopt));
                _waitIntervalGiven = true;
                return true;
            case 'M':
                return true;
            default:
                return false;
        }
    }

    private void Command(Commands command, Commands allowed = Commands.None)
    {
        if (_invert) throw CommandException.Parameter("unexpected '!' flag");
        if ((_parsed.Command & ~allowed) is var other and not Commands.None)
            throw CommandException.Parameter($"Cannot use -{Letter(command)} with -{Letter(other)}");
        _parsed.Command |= command;
    }

    /// <summary>The letter of the highest command in the set.</summary>
    private static char Letter(Commands commands) => "IDDRALFZNXPESZC"[int.Log2((int)commands)];

    private static char Letter(CommandOptions option) => "nsdpjvxio0cf"[int.Log2((int)option)];

    private void Option(CommandOptions option)
    {
        if ((_parsed.Options & option) != 0) throw CommandException.Parameter($"multiple -{Letter(option)} flags not allowed");
        _parsed.Options |= option;
        const CommandOptions invertible = CommandOptions.Source | CommandOptions.Destination | CommandOptions.Protocol
            | CommandOptions.InInterface | CommandOptions.OutInterface | CommandOptions.Fragment;
        if (_invert && (option & invertible) == 0) throw CommandException.Parameter($"cannot have ! before -{Letter(option)}");
    }

    private void OptionalChain()
    {
        if (_getopt.Value is { } attached) _parsed.Chain = attached;
        else if (_getopt.HasArgument) _parsed.Chain = _getopt.Arguments[_getopt.Index++];
    }

    private int RuleNumber()
    {
        var text = _getopt.Arguments[_getopt.Index++];
        return CNumber.TryParse(text, 1u, int.MaxValue, out uint number) ? (int)number
            : throw CommandException.Parameter($"Invalid rule number `{text}'");
    }

    private void SetCounters()
    {
        Option(CommandOptions.Counters);
        var packets = _getopt.Value!;
        var comma = packets.Length > 1 ? packets.IndexOf(',', 1) : -1;
        var bytes = comma >= 0 ? packets[(comma + 1)..] : _getopt.HasArgument ? _getopt.Arguments[_getopt.Index++] : null;
        if (bytes is null) throw CommandException.Parameter("-c requires packet and byte counter");
        if (!CNumber.TryScan(packets, out var packetCount)) throw CommandException.Parameter("-c packet counter not numeric");
        if (!CNumber.TryScan(bytes, out var byteCount)) throw CommandException.Parameter("-c byte counter not numeric");
        _parsed.Rule = _parsed.Rule with { Counters = new Counters(packetCount, byteCount) };
    }

    private void CheckChainName(string name)
    {
        CheckChainLength(name);
        if (name.StartsWith('-')
            || name.StartsWith('!'))
            throw CommandException.Parameter($"chain name not allowed to start with `{name[0]}'");
        if (ExtensionList.IsTargetName(name)) throw CommandException.Parameter("chain name may not clash with target name");
        if (name.Any(CNumber.IsSpace)) throw CommandException.Parameter($"Invalid chain name `{name}'");
    }

    private static void CheckChainLength(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > Chain.MaxNameLength)
            throw CommandException.Parameter($"chain name `{name}' too long (must be under {Chain.MaxNameLength + 1} chars)");
    }

    private static string CheckTargetName(string name)
    {
        if (name.Length == 0) throw CommandException.Parameter("Invalid target name (too short)");
        if (Encoding.UTF8.GetByteCount(name) > Chain.MaxNameLength)
            throw CommandException.Parameter($"Invalid target name `{name}' ({Chain.MaxNameLength} chars max)");
        if (name.Any(CNumber.IsSpace)) throw CommandException.Parameter($"Invalid target name `{name}'");
        return name;
    }

    private static void NotEmpty(string device)
    {
        if (device.Length == 0) throw CommandException.Parameter("Empty interface is likely to be undesired");
    }

    private InterfacePattern Device(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) > InterfacePattern.MaxLength)
            throw CommandException.Parameter($"interface name `{name}' must be shorter than IFNAMSIZ ({InterfacePattern.MaxLength})");
        if (name.AsSpan().ContainsAny('/', ' '))
            _warnings.Append($"Warning: weird character in interface `{name}' ('/' and ' ' are not allowed by the kernel).\n");
        return new InterfacePattern(name);
    }

    private void Jump(string name)
    {
        _parsed.Jump = CheckTargetName(name);
        if (ExtensionList.FindTarget(name) is { } extension) _target = Load(extension);
        else if (ExtensionList.UnsupportedTargets.Contains(name)) throw Unsupported("target", name);
    }

    private static CommandException Unsupported(string what, string name)
        => CommandException.Parameter($"Weir does not support the {what} `{name}' yet");

    private static string LowerAscii(string text) => string.Create(text.Length, text, static (span, from) =>
    {
        for (var i = 0; i < span.Length; i++) span[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | 0x20) : from[i];
    });
}
