namespace Weir.Bpf.Objects;

/// <summary>An instruction that the loader completes.</summary>
/// <param name="InstructionIndex">Index of the (first half of the) instruction.</param>
/// <param name="Kind">What is written.</param>
/// <param name="Target">The map's or the kernel function's name.</param>
public sealed record Relocation(int InstructionIndex, RelocationKind Kind, string Target);
