namespace Weir.Iptables;

/// <summary>Exit codes of the original (enum xtables_exittype).</summary>
public static class ExitCode
{
    /// <summary>All done.</summary>
    public const int Success = 0;

    /// <summary>The command was understood and not possible.</summary>
    public const int OtherProblem = 1;

    /// <summary>The command line is wrong.</summary>
    public const int ParameterProblem = 2;

    /// <summary>The kernel does not have it.</summary>
    public const int VersionProblem = 3;

    /// <summary>The lock was not to be had.</summary>
    public const int ResourceProblem = 4;
}
