using System.Collections.Immutable;
using System.Text;
using Weir.Iptables.Names;
using Weir.Iptables.Parsing;
using Weir.Iptables.Printing;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Targets;

namespace Weir.Iptables.Editing;

/// <summary>Carries a command out on a table being changed. What it prints goes to <paramref name="output"/>.</summary>
internal sealed class CommandRunner(TableEditor table, INames names, StringBuilder output)
{
    /// <summary>False where the command could not be done; the table then says why.</summary>
    /// <exception cref="CommandException">The name after -j or -g is neither a chain nor a target.</exception>
    public bool Run(ParsedCommand command)
    {
        const Commands withRule = Commands.Append | Commands.Delete | Commands.Check | Commands.Insert | Commands.Replace;
        if ((command.Command & withRule) != 0) ResolveJump(command);
        var chain = command.Chain!;
        switch (command.Command)
        {
            case Commands.Append:
                return ForEachRule(command, rule => table.Append(chain, rule));
            case Commands.Delete:
                return ForEachRule(command, rule => table.Delete(chain, rule, onlyCheck: false));
            case Commands.Check:
                return ForEachRule(command, rule => table.Delete(chain, rule, onlyCheck: true));
            case Commands.Insert:
                return ForEachRule(command, rule => table.Insert(chain, rule, command.RuleNumber - 1));
            case Commands.Replace:
                return ForEachRule(command, rule => table.Replace(chain, rule, command.RuleNumber - 1));
            case Commands.DeleteNumber:
                return table.DeleteNumber(chain, command.RuleNumber - 1);
            case Commands.Flush:
                return Flush(command.Chain, command.IsVerbose);
            case Commands.Zero:
                return ForEachChain(command.Chain, true, command.IsVerbose ? "Zeroing" : null, table.Zero);
            case Commands.ZeroNumber:
                return table.ZeroNumber(chain, command.RuleNumber);
            case Commands.NewChain:
                return table.CreateChain(chain);
            case Commands.DeleteChain:
                return DeleteChains(command.Chain, command.IsVerbose);
            case Commands.RenameChain:
                return table.RenameChain(chain, command.NewName!);
            case Commands.SetPolicy:
                return table.SetPolicy(chain, command.Policy!, command.Rule.Counters);
            default:
                return List(command);
        }
    }

    /// <summary>-F; null: all chains.</summary>
    public bool Flush(string? chain, bool verbose) => ForEachChain(chain, true, verbose ? "Flushing" : null, table.Flush);

    /// <summary>-X; null: all user chains.</summary>
    public bool DeleteChains(string? chain, bool verbose) => ForEachChain(chain, false, verbose ? "Deleting" : null, table.DeleteChain);

    private void ResolveJump(ParsedCommand command)
    {
        if (command.Jump.Length == 0 || command.Rule.Target is not null) return;
        if (table.IsChain(command.Jump)) command.Rule = command.Rule with { Target = new ChainTarget(command.Jump, command.IsGoto) };
        else if (command.IsGoto) throw CommandException.Parameter($"goto '{command.Jump}' is not a chain");
        else throw CommandException.Parameter($"Couldn't load target `{command.Jump}':No such file or directory\n");
    }

    /// <summary>Once for each pair of source and destination; all must work.</summary>
    private bool ForEachRule(ParsedCommand command, Func<Rule, bool> change)
    {
        var ok = true;
        foreach (var source in command.Sources)
        {
            foreach (var destination in command.Destinations)
            {
                var rule = command.Rule with { Source = source, Destination = destination };
                if (command.IsVerbose)
                    new RuleList(output, ListFormat.Numeric | ListFormat.Devices | ListFormat.InLine, names)
                        .Line(rule, 0);
                ok &= change(rule);
            }
        }
        return ok;
    }

    private bool ForEachChain(string? chain, bool withBuiltIn, string? verb, Func<string, bool> change)
    {
        var ok = true;
        ImmutableArray<string> chains = chain is not null ? [chain]
            : [.. table.ChainNames.Where(name => withBuiltIn || !table.IsBuiltIn(name))];
        foreach (var name in chains)
        {
            if (verb is not null) output.Append($"{verb} chain `{name}'\n");
            ok &= change(name);
        }
        return ok;
    }

    private bool List(ParsedCommand command)
    {
        var found = (command.Command & Commands.List) != 0 ? ListColumns(command) : ListCommands(command);
        if (!found) return table.Missing();
        if ((command.Command & Commands.Zero) != 0) return ForEachChain(command.Chain, true, command.IsVerbose ? "Zeroing" : null,
            table.Zero);
        return (command.Command & Commands.ZeroNumber) == 0 || table.ZeroNumber(command.Chain!, command.RuleNumber);
    }

    private bool ListColumns(ParsedCommand command)
    {
        var format = ListFormat.None;
        if (command.IsVerbose) format |= ListFormat.Counters | ListFormat.Devices;
        if ((command.Options & CommandOptions.Numeric) != 0) format |= ListFormat.Numeric;
        if ((command.Options & CommandOptions.Exact) != 0) format |= ListFormat.Exact;
        if ((command.Options & CommandOptions.LineNumbers) != 0) format |= ListFormat.LineNumbers;
        var list = new RuleList(output, format, names);
        var found = false;
        foreach (var chain in Chains(command))
        {
            if (found) output.Append('\n');
            if (command.RuleNumber == 0) list.Header(chain, table.References(chain.Name));
            for (var i = 0; i < chain.Rules.Length; i++)
            {
                if (command.RuleNumber == 0 || command.RuleNumber == i + 1) list.Line(chain.Rules[i], i + 1);
            }
            found = true;
        }
        return found;
    }

    private bool ListCommands(ParsedCommand command)
    {
        var found = false;
        if (command.RuleNumber == 0)
        {
            foreach (var chain in Chains(command))
            {
                if (chain.IsBuiltIn)
                {
                    output.Append("-P ").Append(chain.Name).Append(' ').Append(RuleSave.PolicyName(chain.Policy));
                    if (command.IsVerbose) output.Append($" -c {chain.Counters.Packets} {chain.Counters.Bytes}");
                }
                else
                {
                    output.Append("-N ").Append(chain.Name);
                }
                output.Append('\n');
            }
        }
        foreach (var chain in Chains(command))
        {
            for (var i = 0; i < chain.Rules.Length; i++)
            {
                if (command.RuleNumber == 0 || command.RuleNumber == i + 1)
                    RuleSave.Line(output, chain.Name, chain.Rules[i], command.IsVerbose ? CounterPlace.Within : CounterPlace.None, names);
            }
            found = true;
        }
        return found;
    }

    private IEnumerable<Chain> Chains(ParsedCommand command)
        => table.ChainNames.Where(name => command.Chain is null || command.Chain == name).Select(name => table.Find(name)!);
}
