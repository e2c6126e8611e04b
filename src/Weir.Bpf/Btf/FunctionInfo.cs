using System.Runtime.InteropServices;

namespace Weir.Bpf.Btf;

/// <summary>Which BTF function begins at an instruction: struct bpf_func_info, 8 bytes, as the kernel takes it with a program.</summary>
/// <param name="InstructionIndex">Index into the program, counting both halves of 64-bit immediate loads.</param>
/// <param name="TypeId">The id of a FUNC.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct FunctionInfo(int InstructionIndex, int TypeId);
