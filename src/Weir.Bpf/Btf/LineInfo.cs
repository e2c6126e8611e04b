using System.Runtime.InteropServices;

namespace Weir.Bpf.Btf;

/// <summary>
/// Where an instruction comes from: struct bpf_line_info, 16 bytes, as the kernel takes it with a program. The kernel wants ascending
/// instructions, one at the start of each function, none at the second half of a 64-bit immediate load. Made by <see cref="BtfBuilder.AddLine"/>.
/// </summary>
/// <param name="InstructionIndex">Index into the program.</param>
/// <param name="FileOffset">The file's name, an offset into the BTF strings.</param>
/// <param name="TextOffset">The source line's text, an offset into the BTF strings.</param>
/// <param name="LineAndColumn">Line in the upper 22, column in the lower 10 bits.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct LineInfo(int InstructionIndex, int FileOffset, int TextOffset, uint LineAndColumn)
{
    /// <summary>From 1.</summary>
    public int Line => (int)(LineAndColumn >> 10);

    /// <summary>From 1; at most 1023.</summary>
    public int Column => (int)(LineAndColumn & 0x3ff);
}
