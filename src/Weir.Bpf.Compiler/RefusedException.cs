using Weir.Bpf.Compiler.Il;

namespace Weir.Bpf.Compiler;

/// <summary>A program needs more than the kernel gives, which shows only when its code is made.</summary>
public sealed class RefusedException(Diagnostic diagnostic) : Exception(diagnostic.ToString())
{
    public Diagnostic Diagnostic { get; } = diagnostic;
}
