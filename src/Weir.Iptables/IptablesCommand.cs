using System.Text;
using Weir.Iptables.Editing;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Iptables;

/// <summary>iptables: one command on one table.</summary>
public static class IptablesCommand
{
    /// <summary>Runs the command and returns its exit code.</summary>
    /// <param name="programName">The name in messages: iptables.</param>
    /// <param name="arguments">The arguments, without the program's name.</param>
    /// <param name="environment">Streams and names.</param>
    /// <param name="store">The rule sets.</param>
    public static int Run(string programName, IReadOnlyList<string> arguments, ToolEnvironment environment, IRulesetStore store)
    {
        if (!ToolContext.TryCreate(programName, environment, out var tool)) return ExitCode.VersionProblem;
        var output = new StringBuilder();
        var errors = new StringBuilder();
        int exitCode;
        try
        {
            exitCode = Run(tool, [programName, .. arguments], store, output, errors);
        }
        catch (CommandException problem)
        {
            errors.Append(tool.TextOf(problem));
            exitCode = problem.ExitCode;
        }
        environment.Output.Write(output);
        environment.Output.Flush();
        environment.Errors.Write(errors);
        environment.Errors.Flush();
        return exitCode;
    }

    private static int Run(ToolContext tool, List<string> arguments, IRulesetStore store, StringBuilder output, StringBuilder errors)
    {
        var command = CommandParser.Parse(tool, arguments, restoring: false, errors);
        if (command.Answer is { } answer)
        {
            output.Append(answer);
            return ExitCode.Success;
        }
        if (!TableKinds.TryParse(command.Table, out var kind))
        {
            throw new CommandException(ExitCode.VersionProblem,
                $"can't initialize {tool.ProgramName} table `{command.Table}': Table does not exist (do you need to insmod?)");
        }
        const Commands reading = Commands.List | Commands.ListRules | Commands.Check;
        if ((command.Command & ~reading) == 0)
        {
            var table = new TableEditor(store.Read(tool.Family)[kind]);
            return new CommandRunner(table, tool.Names, output).Run(command) ? ExitCode.Success
                : Fail(tool, table.Last, table.Error, errors);
        }
        if (EditOf(command, kind) is { } edit && store.TryEdit(tool.Family, command.Wait, edit) is { } edited)
            return StoreAnswer.ExitCodeOf(edited, tool, command.WaitSeconds, errors);
        var exitCode = ExitCode.Success;
        CommandException? problem = null;
        var result = store.Change(tool.Family, command.Wait, ruleset =>
        {
            var table = new TableEditor(ruleset[kind]);
            try
            {
                if (!new CommandRunner(table, tool.Names, output).Run(command))
                {
                    exitCode = Fail(tool, table.Last, table.Error, errors);
                    return null;
                }
            }
            catch (CommandException thrown)
            {
                problem = thrown;
                return null;
            }
            if (!table.IsChanged) return null;
            var changed = table.Build();
            if (KernelCheck.Check(changed) is var refused and not Errno.None)
            {
                exitCode = Fail(tool, Operation.Other, refused, errors);
                return null;
            }
            return ruleset.With(changed);
        });
        if (problem is not null) throw problem;
        return exitCode != ExitCode.Success ? exitCode : StoreAnswer.ExitCodeOf(result, tool, command.WaitSeconds, errors);
    }

    /// <summary>The command as a change of one rule; null where it is more than that.</summary>
    private static RuleEdit? EditOf(ParsedCommand command, TableKind kind)
    {
        var chain = command.Chain!;
        if (command.Command == Commands.DeleteNumber) return new(kind, chain, RuleEditKind.DeleteAt, null, command.RuleNumber - 1);
        if (command.IsVerbose || command.Sources.Length != 1 || command.Destinations.Length != 1) return null;
        var rule = command.Rule with { Source = command.Sources[0], Destination = command.Destinations[0] };
        // What stands after -j may be a chain.
        if ((command.Jump.Length > 0 && rule.Target is null) || !KernelCheck.IsFine(kind, chain, rule)) return null;
        return command.Command switch
        {
            Commands.Append => new(kind, chain, RuleEditKind.Append, rule),
            Commands.Insert => new(kind, chain, RuleEditKind.Insert, rule, command.RuleNumber - 1),
            Commands.Delete => new(kind, chain, RuleEditKind.DeleteSame, rule),
            _ => null,
        };
    }

    private static int Fail(ToolContext tool, Operation last, Errno error, StringBuilder errors)
    {
        errors.Append($"{tool.ProgramName}: {ErrorText.Of(last, error)}.");
        if (error == Errno.Invalid) errors.Append(" Run `dmesg' for more information.");
        errors.Append('\n');
        return ExitCode.OtherProblem;
    }
}
