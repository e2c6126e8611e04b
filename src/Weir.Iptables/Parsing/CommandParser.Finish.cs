using Weir.Iptables.Extensions;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Parsing;

internal sealed partial class CommandParser
{
    /// <summary>
    /// For each command which options it takes: a letter where it does not (x), in <see cref="CommandOptions"/>'s order; the commands in
    /// <see cref="Commands"/>'s.
    /// </summary>
    private static readonly string[] Illegal =
    [
        "x     x  x  ", // -I
        "x     x  xx ", // -D
        "xxxxx xxxxxx", // -D number
        "x     x  x  ", // -R
        "x     x  x  ", // -A
        " xxxx  xx xx", // -L
        "xxxxx xxxxxx", // -F
        "xxxxx xxxxxx", // -Z
        "xxxxx xxxxxx", // -N
        "xxxxx xxxxxx", // -X
        "xxxxx xxxx x", // -P
        "xxxxx xxxxxx", // -E
        "xxxxx xxxxxx", // -S
        "xxxxx xxxxxx", // -Z number
        "x     x  xx ", // -C
    ];

    private ParsedCommand Finish()
    {
        if (_parsed.Table == "nat" && (_parsed.Policy == "DROP" || _parsed.Jump == "DROP"))
        {
            throw CommandException.Parameter(
                "\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n");
        }
        if (_parsed.WaitSeconds == 0 && _waitIntervalGiven)
            throw CommandException.Parameter("--wait-interval only makes sense with --wait\n");
        foreach (var match in _matches) FinishExtension(match);
        if (_target is not null) FinishExtension(_target);
        if (_getopt.Index < _getopt.Arguments.Count) throw CommandException.Parameter("unknown arguments found on commandline");
        if (_parsed.Command == Commands.None) throw CommandException.Parameter("no command specified");
        if (_invert) throw CommandException.Parameter("nothing appropriate following !");
        ReadAddresses();
        CheckOptions();
        if (_parsed.Chain is not null) CheckChainLength(_parsed.Chain);
        CheckDevices();
        _parsed.Rule = _parsed.Rule with
        {
            Matches = [.. _matches.Select(match => (Match)match.Record)],
            Target = (Target?)_target?.Record ?? Verdict(),
        };
        return _parsed;
    }

    private static void FinishExtension(ExtensionUse use)
    {
        use.Record = use.Extension.Finish(use.Record, use.Used);
        OptionReader.CheckTogether(use.Extension, use.Used);
    }

    private VerdictTarget? Verdict() => _parsed.Jump switch
    {
        "ACCEPT" when !_parsed.IsGoto => new VerdictTarget(Model.Rules.Targets.Verdict.Accept),
        "DROP" when !_parsed.IsGoto => new VerdictTarget(Model.Rules.Targets.Verdict.Drop),
        "RETURN" when !_parsed.IsGoto => new VerdictTarget(Model.Rules.Targets.Verdict.Return),
        _ => null,
    };

    private void ReadAddresses()
    {
        const Commands withRule = Commands.Replace | Commands.Insert | Commands.Delete | Commands.Append | Commands.Check;
        if ((_parsed.Command & withRule) != 0)
            _parsed.Sources = _parsed.Destinations = [AddressMask.Any(_tool.Family)];
        if (_source is not null) _parsed.Sources = HostAddress.ParseList(_source, _tool.Family, _tool.Names);
        if (_destination is not null) _parsed.Destinations = HostAddress.ParseList(_destination, _tool.Family, _tool.Names);
        if ((_parsed.Sources.Length > 1 || _parsed.Destinations.Length > 1)
            && (_parsed.Rule.InvertSource || _parsed.Rule.InvertDestination))
            throw CommandException.Parameter("! not allowed with multiple source or destination IP addresses");
        if (_parsed.Command == Commands.Replace && (_parsed.Sources.Length != 1 || _parsed.Destinations.Length != 1))
            throw CommandException.Parameter("Replacement rule does not specify a unique address");
    }

    /// <summary>An option is legal if any command given takes it (-L and -Z go together).</summary>
    private void CheckOptions()
    {
        for (var option = 0; option < Illegal[0].Length; option++)
        {
            if (((int)_parsed.Options & 1 << option) == 0) continue;
            var legal = false;
            for (var command = 0; command < Illegal.Length; command++)
            {
                legal |= ((int)_parsed.Command & 1 << command) != 0 && Illegal[command][option] == ' ';
            }
            if (!legal) throw CommandException.Parameter($"Illegal option `-{Letter((CommandOptions)(1 << option))}' with this command");
        }
    }

    private void CheckDevices()
    {
        const Commands withChain = Commands.Append | Commands.Delete | Commands.DeleteNumber | Commands.Check
            | Commands.Insert | Commands.Replace;
        if ((_parsed.Command & withChain) == 0) return;
        if (_parsed.Chain is "PREROUTING" or "INPUT" && (_parsed.Options & CommandOptions.OutInterface) != 0)
            throw CommandException.Parameter($"Can't use -o with {_parsed.Chain}\n");
        if (_parsed.Chain is "POSTROUTING" or "OUTPUT" && (_parsed.Options & CommandOptions.InInterface) != 0)
            throw CommandException.Parameter($"Can't use -i with {_parsed.Chain}\n");
    }
}
