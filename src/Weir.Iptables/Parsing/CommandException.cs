namespace Weir.Iptables.Parsing;

/// <summary>
/// Ends a command with a message and an exit code. The original exits from anywhere in its parser; this is caught at the entry points, so
/// that every text has one place and nothing has been changed yet.
/// </summary>
internal sealed class CommandException(int exitCode, string message, bool isWhole = false) : Exception(message)
{
    /// <summary>The exit code.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>Whether the message is all there is to print: no program name before it, no hint after it.</summary>
    public bool IsWhole { get; } = isWhole;

    /// <summary>A mistake in the command line.</summary>
    public static CommandException Parameter(string message) => new(Iptables.ExitCode.ParameterProblem, message);
}
