using Weir.Bpf.Objects;

namespace Weir.Bpf.Compiler;

/// <summary>The object and what its programs need.</summary>
/// <param name="Object">Programs, maps and BTF.</param>
/// <param name="Functions">One entry a function of the module that became part of a program.</param>
/// <param name="Programs">One entry a program.</param>
public sealed record CompilationResult(ObjectFile Object, IReadOnlyList<FunctionStatistics> Functions, IReadOnlyList<ProgramStatistics> Programs);
