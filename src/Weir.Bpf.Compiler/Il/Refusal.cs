namespace Weir.Bpf.Compiler.Il;

/// <summary>The program has something that is not compiled. The decoder catches it and adds the place.</summary>
internal sealed class Refusal(string reason) : Exception(reason);
