using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>What the kernel says of a map (struct bpf_map_info). Sizes in bytes; flags are BPF_F_….</summary>
public sealed record MapInfo(uint Id, MapKind Kind, string Name, int KeySize, int ValueSize, uint MaxEntries, uint Flags)
{
    internal static unsafe MapInfo Read(Descriptor descriptor)
    {
        var info = BpfCall.Info<Raw>("get a map's information", descriptor);
        return new MapInfo(info.Id, (MapKind)info.Kind, BpfCall.ReadName(info.Name), (int)info.KeySize, (int)info.ValueSize, info.MaxEntries, info.Flags);
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Raw
    {
        public uint Kind, Id, KeySize, ValueSize, MaxEntries, Flags;
        public fixed byte Name[16];
    }
}
