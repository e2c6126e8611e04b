using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>A view of a program array: where tail calls go.</summary>
public sealed unsafe class BpfProgramArray
{
    public BpfProgramArray(BpfMap map)
    {
        map.Require(4, 4, MapKind.ProgramArray);
        Map = map;
    }

    public BpfMap Map { get; }

    /// <summary>Puts a program in place. It must be of the same kind as those that call it.</summary>
    public void Set(uint index, BpfProgram program)
    {
        using var use = program.Descriptor.Use();
        var descriptor = use.Value;
        Map.Update(new ReadOnlySpan<byte>(&index, 4), new ReadOnlySpan<byte>(&descriptor, 4));
    }

    /// <summary>Takes a program out; false when there is none.</summary>
    public bool Remove(uint index)
    {
        var errno = Map.TryDelete(new ReadOnlySpan<byte>(&index, 4));
        if (errno == Errno.ENOENT) return false;
        Map.Check("delete from", errno);
        return true;
    }
}
