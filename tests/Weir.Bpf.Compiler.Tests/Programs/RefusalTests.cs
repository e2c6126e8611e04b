using System.Reflection;
using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>
/// What is not supported is refused when the program is built, with file, line and reason; nothing of it is compiled to something else. The
/// programs are in tests/Weir.Bpf.Compiler.Refused, each with what is expected in a comment on the line at fault: <c>// refused: MESSAGE</c>.
/// </summary>
public sealed class RefusalTests
{
    private const string Folder = "tests/Weir.Bpf.Compiler.Refused";
    private const string Mark = "// refused: ";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_program_is_refused_at_its_line_for_its_reason(bool isOptimised)
    {
        var folder = Directory.CreateTempSubdirectory("weir-refused-");
        try
        {
            var sources = Repository.Sources(Folder).ToArray();
            var assembly = CSharpSource.Compile(folder.FullName, "Refused", isOptimised, sources);
            var programs = Programs(assembly);
            var errors = programs.SelectMany(p => ErrorsOf(assembly, p) is { Count: > 0 } found ? found : [$"{p} is not refused"]).ToHashSet();
            var expected = sources.SelectMany(s => Expected(Path.GetRelativePath(Repository.Root, s.Path), s.Text)).ToHashSet();
            var faults = expected.Except(errors).Select(e => $"missing:    {e}").Concat(errors.Except(expected).Select(e => $"unexpected: {e}"));
            Assert.True(errors.SetEquals(expected), string.Join('\n', faults.OrderBy(f => f[12..], StringComparer.Ordinal)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<string> ErrorsOf(string assembly, string program)
    {
        var diagnostics = new Diagnostics();
        var module = FrontEnd.Compile(assembly, diagnostics, Repository.Root, name => name == program);
        var errors = diagnostics.Errors.ToList();
        if (errors.Count == 0)
        {
            try
            {
                Compilation.Compile(module, new CompilerOptions());
            }
            catch (RefusedException refused)
            {
                errors.Add(refused.Diagnostic);
            }
        }

        return [.. errors.Select(e => $"{e.Location?.File}({e.Location?.Line}): {e.Message}")];
    }

    private static List<string> Programs(string assembly)
    {
        using var module = Mono.Cecil.ModuleDefinition.ReadModule(assembly);
        return [.. module.Types.SelectMany(t => t.Methods).Where(m => m.CustomAttributes.Any(a => a.AttributeType.Name == nameof(ProgramAttribute))).Select(m => m.Name)];
    }

    private static IEnumerable<string> Expected(string path, string text) =>
        text.Split('\n').Select((line, i) => (Line: line, Number: i + 1))
            .Where(l => l.Line.Contains(Mark))
            .Select(l => $"{path}({l.Number}): {l.Line[(l.Line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length)..]}");
}
