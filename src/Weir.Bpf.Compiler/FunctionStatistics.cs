namespace Weir.Bpf.Compiler;

/// <summary>What a function costs.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Instructions">Instructions; a 64-bit immediate load counts as two.</param>
/// <param name="StackBytes">Bytes of its own frame (the kernel rounds each frame of a chain of calls up to 32).</param>
/// <param name="Spills">Registers that had to live on the stack.</param>
public sealed record FunctionStatistics(string Name, int Instructions, int StackBytes, int Spills);
