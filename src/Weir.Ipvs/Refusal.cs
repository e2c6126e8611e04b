namespace Weir.Ipvs;

/// <summary>Why a command line was not carried out.</summary>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Text">What stderr says.</param>
/// <param name="EndsProgram">Whether the program ends there; otherwise a restore goes on with the next line.</param>
internal sealed record Refusal(int ExitCode, string Text, bool EndsProgram)
{
    /// <summary>A wrong option or value: exit code 2.</summary>
    public static Refusal Usage(string text) => new(2, text, true);
}
