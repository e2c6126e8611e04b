using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>From the IL of an assembly to the intermediate form.</summary>
public static class FrontEnd
{
    // Inlining nests as deep as the program's calls, and so does the decoder.
    private const int StackSize = 256 << 20;

    /// <summary>Compiles every method that has [Program], with what it calls. The result is of use only if there are no errors.</summary>
    /// <param name="assemblyPath">The assembly; those that it refers to are in its folder.</param>
    /// <param name="diagnostics">Takes the errors.</param>
    /// <param name="sourceRoot">Source files below this folder are named relative to it.</param>
    /// <param name="programs">Which programs are compiled, by the method's name; null: all.</param>
    public static Module Compile(string assemblyPath, Diagnostics diagnostics, string? sourceRoot = null, Func<string, bool>? programs = null)
    {
        Module? module = null;
        Exception? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    using var loader = new AssemblyLoader(assemblyPath);
                    module = new ModuleDecoder(loader.Main, diagnostics, sourceRoot).Run(programs);
                }
                catch (Exception exception)
                {
                    failure = exception;
                }
            },
            StackSize);
        thread.Start();
        thread.Join();
        return failure is null ? module! : throw new InvalidOperationException(failure.Message, failure);
    }
}
