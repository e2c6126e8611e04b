namespace Weir.Bpf.Compiler;

/// <summary>What a program costs with all that it calls.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="Instructions">Instructions of all its functions; a 64-bit immediate load counts as two.</param>
/// <param name="StackBytes">Bytes of the frames of its deepest chain of calls, as the kernel counts them.</param>
public sealed record ProgramStatistics(string Name, int Instructions, int StackBytes);
