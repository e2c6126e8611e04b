using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;

namespace Weir.Bpf.Loading;

/// <summary>What the kernel says of a program (struct bpf_prog_info).</summary>
/// <param name="Id">The program's id.</param>
/// <param name="Kind">The program's kind.</param>
/// <param name="Name">At most 15 characters.</param>
/// <param name="Tag">Hash of the instructions, 16 hexadecimal digits.</param>
/// <param name="TranslatedSize">Bytes of instructions after the kernel's rewriting.</param>
/// <param name="NativeSize">Bytes of machine code.</param>
/// <param name="VerifiedInstructions">Instructions that the verifier went through.</param>
/// <param name="RunNanoseconds">Total time, while kernel.bpf_stats_enabled is set.</param>
/// <param name="RunCount">Number of runs, while kernel.bpf_stats_enabled is set.</param>
public sealed record ProgramInfo(
    uint Id, ProgramKind Kind, string Name, string Tag, int TranslatedSize, int NativeSize, int VerifiedInstructions, ulong RunNanoseconds, ulong RunCount)
{
    internal static unsafe ProgramInfo Read(Descriptor descriptor)
    {
        var info = BpfCall.Info<Raw>("get a program's information", descriptor);
        return new ProgramInfo(info.Id, (ProgramKind)info.Kind, BpfCall.ReadName(info.Name), Convert.ToHexStringLower(new ReadOnlySpan<byte>(info.Tag, 8)),
            (int)info.TranslatedSize, (int)info.NativeSize, (int)info.VerifiedInstructions, info.RunNanoseconds, info.RunCount);
    }

    [StructLayout(LayoutKind.Explicit, Size = 232)]
    private unsafe struct Raw
    {
        [FieldOffset(0)] public uint Kind;
        [FieldOffset(4)] public uint Id;
        [FieldOffset(8)] public fixed byte Tag[8];
        [FieldOffset(16)] public uint NativeSize;
        [FieldOffset(20)] public uint TranslatedSize;
        [FieldOffset(64)] public fixed byte Name[16];
        [FieldOffset(192)] public ulong RunNanoseconds;
        [FieldOffset(200)] public ulong RunCount;
        [FieldOffset(216)] public uint VerifiedInstructions;
    }
}
