using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Collects errors; the same error at the same place is kept once (a method may be inlined many times).</summary>
public sealed class Diagnostics
{
    private readonly List<Diagnostic> _errors = [];
    private readonly HashSet<Diagnostic> _seen = [];

    public IReadOnlyList<Diagnostic> Errors => _errors;

    public bool HasErrors => _errors.Count > 0;

    public void Report(SourceLocation? location, string message)
    {
        var error = new Diagnostic(location, message);
        if (_seen.Add(error))
        {
            _errors.Add(error);
        }
    }
}
