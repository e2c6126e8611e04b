using System.Diagnostics.CodeAnalysis;
using Weir.Iptables.Names;
using Weir.Model;

namespace Weir.Iptables;

/// <summary>Which tool is running and what it knows.</summary>
/// <param name="ProgramName">The name in messages, as iptables or iptables-restore.</param>
/// <param name="Family">The IP version it is for.</param>
/// <param name="Names">Names of hosts, services and protocols.</param>
/// <param name="Line">The line being read (iptables-restore); -1 when there is none.</param>
internal sealed record ToolContext(string ProgramName, AddressFamily Family, INames Names, int Line = -1)
{
    /// <summary>The tool of a name. Names for IPv6 begin with ip6 and are refused: its matches are not there yet.</summary>
    public static bool TryCreate(string programName, ToolEnvironment environment, [NotNullWhen(true)] out ToolContext? tool)
    {
        if (programName.StartsWith("ip6", StringComparison.Ordinal))
        {
            environment.Errors.Write($"{programName}: Weir does not support IPv6 rules yet\n");
            environment.Errors.Flush();
            tool = null;
            return false;
        }
        tool = new ToolContext(programName, AddressFamily.IPv4, environment.Names);
        return true;
    }

    /// <summary>What follows a mistake in a command line.</summary>
    public string Hint => (Line >= 0 ? $"Error occurred at line: {Line}\n" : "")
        + $"Try `{ProgramName} -h' or '{ProgramName} --help' for more information.\n";

    /// <summary>All that is printed for an exception.</summary>
    public string TextOf(Parsing.CommandException problem)
        => problem.IsWhole ? problem.Message : $"{ProgramName} v{ToolVersion.InMessages}: {problem.Message}\n"
        + problem.ExitCode switch
        {
            ExitCode.ParameterProblem => Hint,
            ExitCode.VersionProblem => $"Perhaps {ProgramName} or your kernel needs to be upgraded.\n",
            _ => "",
        };
}
