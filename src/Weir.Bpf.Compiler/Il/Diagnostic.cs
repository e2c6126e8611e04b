using System.Globalization;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>An error of the program that is compiled.</summary>
/// <param name="Location">Where in the source, if the assembly has symbols.</param>
/// <param name="Message">What is refused, and why.</param>
public sealed record Diagnostic(SourceLocation? Location, string Message)
{
    /// <summary>The code that all refusals carry.</summary>
    public const string Code = "WEIR001";

    /// <summary>As MSBuild reads it: <c>file(line,column): error CODE: message</c>.</summary>
    public override string ToString() => Location is { } at
        ? string.Create(CultureInfo.InvariantCulture, $"{at.File}({at.Line},{at.Column}): error {Code}: {Message}")
        : $"error {Code}: {Message}";
}
