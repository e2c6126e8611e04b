using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;

namespace Weir.Bpf.Objects;

/// <summary>An entry point with everything that it calls.</summary>
/// <param name="Name">The entry point's name; the kernel shows its first 15 characters.</param>
/// <param name="Section">Where it attaches, in libbpf's names (<c>tc/ingress</c>).</param>
/// <param name="Instructions">The entry point's instructions, then those of its sub-programs; calls between them are resolved already.</param>
public sealed record ProgramDefinition(string Name, string Section, Instruction[] Instructions)
{
    public IReadOnlyList<Relocation> Relocations { get; init; } = [];

    /// <summary>One for each function, the entry point's first; empty only where there are no sub-programs.</summary>
    public FunctionInfo[] Functions { get; init; } = [];

    /// <summary>Ascending, one at each function's first instruction; or empty.</summary>
    public LineInfo[] Lines { get; init; } = [];
}
