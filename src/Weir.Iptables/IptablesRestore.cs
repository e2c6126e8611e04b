using System.Text;
using Weir.Iptables.Parsing;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Iptables;

/// <summary>
/// iptables-restore: rules from text. Where the original commits table by table, this does all of the file or nothing.
/// </summary>
public static class IptablesRestore
{
    private static readonly LongOption[] Options =
    [
        new("counters", 0, 'c'), new("verbose", 0, 'v'), new("version", 0, 'V'), new("test", 0, 't'), new("help", 0, 'h'),
        new("noflush", 0, 'n'),
        new("modprobe", 1, 'M'), new("table", 1, 'T'), new("wait", 2, 'w'), new("wait-interval", 2, 'W'),
    ];

    /// <summary>Runs the tool and returns its exit code; <paramref name="arguments"/> are without the program's name.</summary>
    public static int Run(string programName, IReadOnlyList<string> arguments, ToolEnvironment environment, IRulesetStore store)
    {
        if (!ToolContext.TryCreate(programName, environment, out var tool)) return ExitCode.VersionProblem;
        try
        {
            return Run(tool, arguments, environment, store);
        }
        catch (CommandException problem)
        {
            environment.Errors.Write((tool with { Line = 0 }).TextOf(problem));
            return problem.ExitCode;
        }
        finally
        {
            environment.Output.Flush();
            environment.Errors.Flush();
        }
    }

    private static int Run(ToolContext tool, IReadOnlyList<string> arguments, ToolEnvironment environment, IRulesetStore store)
    {
        var getopt = new Getopt([tool.ProgramName, .. arguments], "bcvVthnwWM:T:", Options, environment.Errors);
        var restore = new RestoreOptions();
        var waitSeconds = 0;
        var intervalGiven = false;
        for (var option = getopt.Next(); option != Getopt.End; option = getopt.Next())
        {
            switch (option)
            {
                case 'b':
                    environment.Errors.Write("-b/--binary option is not implemented\n");
                    break;
                case 'c':
                    restore = restore with { Counters = true };
                    break;
                case 'v':
                    restore = restore with { Verbose = restore.Verbose + 1 };
                    break;
                case 'V':
                    environment.Output.Write($"{tool.ProgramName} v{ToolVersion.Shown}\n");
                    return ExitCode.Success;
                case 't':
                    restore = restore with { IsTest = true };
                    break;
                case 'h':
                    environment.Errors.Write(Usage(tool.ProgramName));
                    return ExitCode.Success;
                case 'n':
                    restore = restore with { NoFlush = true };
                    break;
                case 'w':
                    waitSeconds = WaitOption.Seconds(getopt);
                    break;
                case 'W':
                    environment.Errors.Write(WaitOption.Interval(getopt));
                    intervalGiven = true;
                    break;
                case 'M':
                    break;
                case 'T':
                    restore = restore with { Table = getopt.Value };
                    break;
                default:
                    environment.Errors.Write($"Try `{tool.ProgramName} -h' for more information.\n");
                    return ExitCode.OtherProblem;
            }
        }
        string text;
        if (getopt.Operands.Count > 1)
        {
            environment.Errors.Write("Unknown arguments found on commandline\n");
            return ExitCode.OtherProblem;
        }
        if (getopt.Operands.Count == 1)
        {
            try
            {
                using var file = environment.OpenInput(getopt.Operands[0]);
                text = file.ReadToEnd();
            }
            catch (IOException problem)
            {
                environment.Errors.Write($"Can't open {getopt.Operands[0]}: {problem.Message}\n");
                return ExitCode.OtherProblem;
            }
        }
        else
        {
            // Read before the lock is taken: whoever writes into a pipe may be slow.
            text = environment.Input.ReadToEnd();
        }
        if (intervalGiven && waitSeconds == 0)
        {
            environment.Errors.Write("Option --wait-interval requires option --wait\n");
            return ExitCode.OtherProblem;
        }
        return Restore(tool, restore, text, WaitOption.Wait(waitSeconds), waitSeconds, environment, store);
    }

    private static int Restore(
        ToolContext tool, RestoreOptions options, string text, LockWait wait, int waitSeconds, ToolEnvironment environment,
            IRulesetStore store)
    {
        var output = new StringBuilder();
        var errors = new StringBuilder();
        var exitCode = ExitCode.Success;
        if (options.IsTest)
        {
            new RestoreReader(tool, options, store.Read(tool.Family), output, errors).Read(text, out exitCode);
        }
        else
        {
            var result = store.Change(tool.Family, wait, ruleset =>
            {
                var reader = new RestoreReader(tool, options, ruleset, output, errors);
                return reader.Read(text, out exitCode) && reader.IsChanged ? reader.Ruleset : null;
            });
            if (exitCode == ExitCode.Success) exitCode = StoreAnswer.ExitCodeOf(result, tool, waitSeconds, errors);
        }
        environment.Output.Write(output);
        environment.Errors.Write(errors);
        return exitCode;
    }

    private static string Usage(string name) =>
        $"Usage: {name} [-c] [-v] [-V] [-t] [-h] [-n] [-w secs] [-W usecs] [-T table] [-M command] [file]\n"
        + "\t   [ --counters ]\n\t   [ --verbose ]\n\t   [ --version]\n\t   [ --test ]\n\t   [ --help ]\n\t   [ --noflush ]\n"
        + "\t   [ --wait=<seconds>\n\t   [ --table=<TABLE> ]\n\t   [ --modprobe=<command> ]\n";
}
