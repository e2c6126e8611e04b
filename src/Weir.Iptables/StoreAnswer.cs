using System.Text;
using Weir.Model.Rules;

namespace Weir.Iptables;

/// <summary>What a tool says of a change that the store made or did not make.</summary>
internal static class StoreAnswer
{
    /// <summary>The exit code; writes the reason of a failure.</summary>
    public static int ExitCodeOf(ChangeResult result, ToolContext tool, int waitSeconds, StringBuilder errors)
    {
        switch (result.Status)
        {
            case ChangeStatus.Committed:
            case ChangeStatus.Unchanged:
                return ExitCode.Success;
            case ChangeStatus.LockBusy:
                errors.Append($"Can't lock {result.Reason}: Resource temporarily unavailable\n");
                errors.Append($"Another app is currently holding the xtables lock. Stopped waiting after {waitSeconds}s.\n");
                return ExitCode.ResourceProblem;
            default:
                errors.Append($"{tool.ProgramName}: {result.Reason}.\n");
                return result.Status == ChangeStatus.NotSupported ? ExitCode.ParameterProblem : ExitCode.OtherProblem;
        }
    }
}
