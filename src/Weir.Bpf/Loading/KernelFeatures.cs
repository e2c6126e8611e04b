using System.Collections.Concurrent;
using Weir.Bpf.Instructions;
using Weir.Bpf.Kernel;
using Weir.Bpf.Links;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Loading;

/// <summary>Asks the running kernel what it can do, by trying; each answer is found once a process, in well under a millisecond.</summary>
public static class KernelFeatures
{
    private static readonly ConcurrentDictionary<KernelFeature, bool> s_known = new();

    /// <summary>The version of the mainline kernel that brought the feature, for messages.</summary>
    public static Version Since(KernelFeature feature) => feature switch
    {
        KernelFeature.NetfilterLinks => new(6, 4),
        KernelFeature.Tcx => new(6, 6),
        KernelFeature.FibLookupSource => new(6, 7),
        KernelFeature.FibLookupSkipNeighbour => new(6, 5),
        KernelFeature.FibLookupMark => new(6, 10),
        KernelFeature.ReadKernelMemory => new(5, 5),
        _ => throw new ArgumentOutOfRangeException(nameof(feature)),
    };

    /// <summary>True where this kernel has it (distributions bring some to older versions).</summary>
    public static bool Has(KernelFeature feature) => s_known.GetOrAdd(feature, static feature => feature switch
    {
        KernelFeature.NetfilterLinks => Loads("netfilter", [Instruction.Move64(Register.R0, 1), Instruction.Exit()]),
        KernelFeature.Tcx => HasTcx(),
        KernelFeature.FibLookupSource => TakesFibFlag(1 << 4),
        KernelFeature.FibLookupSkipNeighbour => TakesFibFlag(1 << 2),
        KernelFeature.FibLookupMark => TakesFibFlag(1 << 5),
        KernelFeature.ReadKernelMemory => ReadsKernelMemory(),
        _ => throw new ArgumentOutOfRangeException(nameof(feature)),
    });

    private static LoadedObject Load(string section, Instruction[] instructions) =>
        Loader.Load(new ObjectFile { Btf = [], Programs = [new ProgramDefinition("weir_probe", section, instructions)] });

    private static bool Loads(string section, Instruction[] instructions)
    {
        try
        {
            Load(section, instructions).Dispose();
            return true;
        }
        catch (BpfException exception) when (exception.Errno is Errno.EINVAL or Errno.EACCES)
        {
            return false;
        }
    }

    private static bool ReadsKernelMemory()
    {
        const int probeReadKernel = 113;
        return Loads("tc/ingress",
        [
            Instruction.Move64(Register.R3, Register.R1),
            Instruction.Move64(Register.R1, Register.R10),
            Instruction.Alu64(AluOperation.Add, Register.R1, -8),
            Instruction.Move64(Register.R2, 8),
            Instruction.CallHelper(probeReadKernel),
            Instruction.Move64(Register.R0, 0),
            Instruction.Exit(),
        ]);
    }

    /// <summary>A kernel with TCX looks for the device first (ENODEV), one without refuses the place (EINVAL).</summary>
    private static bool HasTcx()
    {
        using var loaded = Load("tc/ingress", [Instruction.Move64(Register.R0, 0), Instruction.Exit()]);
        try
        {
            BpfLink.AttachTcx(loaded.Programs["weir_probe"], int.MaxValue, TcDirection.Ingress).Dispose();
            return false;
        }
        catch (BpfException exception)
        {
            return exception.Errno == Errno.ENODEV;
        }
    }

    /// <summary>The helper answers an unknown flag with -EINVAL when the program runs; the verifier does not see it.</summary>
    private static bool TakesFibFlag(int flag)
    {
        const int fibLookup = 69, size = 64, inet = 2;
        var instructions = new List<Instruction>();
        for (short offset = -size; offset < 0; offset += 8) instructions.Add(Instruction.Store(MemorySize.DoubleWord, Register.R10, offset, 0));
        instructions.AddRange(
        [
            Instruction.Store(MemorySize.Byte, Register.R10, -size, inet),
            Instruction.Store(MemorySize.Word, Register.R10, 8 - size, 1),
            Instruction.Move64(Register.R2, Register.R10),
            Instruction.Alu64(AluOperation.Add, Register.R2, -size),
            Instruction.Move64(Register.R3, size),
            Instruction.Move64(Register.R4, flag),
            Instruction.CallHelper(fibLookup),
            Instruction.Exit(),
        ]);
        using var loaded = Load("tc/ingress", [.. instructions]);
        return loaded.Programs["weir_probe"].Run(new byte[64]).Result != -(int)Errno.EINVAL;
    }
}
