using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>Makes assemblies of C# text, as the build does: optimised and for debugging, which gives quite different IL.</summary>
internal static class CSharpSource
{
    private const string Usings = "global using System; global using System.Collections.Generic; global using System.Linq;";

    private static readonly Lazy<MetadataReference[]> s_references = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').Select(path => MetadataReference.CreateFromFile(path))]);

    /// <summary>Compiles the files to NAME.dll and NAME.pdb in a folder. The result is the assembly's path.</summary>
    public static string Compile(string folder, string name, bool isOptimised, params IEnumerable<(string Path, string Text)> files)
    {
        var trees = files.Append((Path: "Usings.cs", Text: Usings)).Select(file =>
            CSharpSyntaxTree.ParseText(SourceText.From(file.Text, Encoding.UTF8), CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest), file.Path));
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
            .WithOptimizationLevel(isOptimised ? OptimizationLevel.Release : OptimizationLevel.Debug)
            .WithAllowUnsafe(true)
            .WithNullableContextOptions(NullableContextOptions.Enable);
        var assembly = Path.Combine(folder, name + ".dll");
        using var code = File.Create(assembly);
        using var symbols = File.Create(Path.ChangeExtension(assembly, ".pdb"));
        var result = CSharpCompilation.Create(name, trees, s_references.Value, options)
            .Emit(code, symbols, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
        return result.Success
            ? assembly
            : throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Take(5)));
    }
}
