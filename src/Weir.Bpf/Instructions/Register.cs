namespace Weir.Bpf.Instructions;

/// <summary>A register of the eBPF machine: R0 result, R1 to R5 arguments (lost at calls), R6 to R9 kept over calls, R10 frame pointer (read-only).</summary>
public enum Register : byte
{
    R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10,
}
