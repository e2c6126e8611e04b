using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>A typed view of a per-CPU array: every element has a value for each CPU. Values are multiples of 8 bytes.</summary>
public sealed unsafe class BpfPerCpuArray<TValue>
    where TValue : unmanaged
{
    public BpfPerCpuArray(BpfMap map)
    {
        map.Require(4, sizeof(TValue), MapKind.PerCpuArray);
        if (sizeof(TValue) % 8 != 0) throw new InvalidOperationException($"values of {sizeof(TValue)} bytes are not a multiple of 8");
        Map = map;
    }

    public BpfMap Map { get; }

    public uint Length => Map.Info.MaxEntries;

    /// <summary>An element's values, one for each possible CPU.</summary>
    public TValue[] Get(uint index)
    {
        var values = new TValue[BpfMap.PossibleCpus];
        Map.Check("read", Map.TryLookup(new ReadOnlySpan<byte>(&index, 4), MemoryMarshal.AsBytes(values.AsSpan())));
        return values;
    }

    /// <summary>The values of elements from an index on, those of one element next to each other; fewer where the map ends.</summary>
    public TValue[] GetMany(uint start, uint count)
    {
        count = start >= Length ? 0 : Math.Min(count, Length - start);
        var values = new TValue[count * BpfMap.PossibleCpus];
        if (count == 0) return values;
        var keys = new uint[count];
        // A batch begins behind the key that it is given.
        var (before, next, read) = (start - 1, 0u, count);
        fixed (uint* keyPointer = keys)
        fixed (TValue* valuePointer = values)
        {
            var errno = Map.Batch(BpfCommand.MapLookupBatch, start == 0 ? null : &before, &next, keyPointer, valuePointer, ref read);
            if (errno is Errno.None or Errno.ENOENT && read == count) return values;
        }
        for (var i = 0u; i < count; i++) Get(start + i).CopyTo(values, (int)i * BpfMap.PossibleCpus);
        return values;
    }

    /// <summary>Writes an element's values, one for each possible CPU.</summary>
    public void Set(uint index, ReadOnlySpan<TValue> values) => Map.Update(new ReadOnlySpan<byte>(&index, 4), MemoryMarshal.AsBytes(values));

    /// <summary>Writes one value for the first CPU and zeroes for the others: a sum.</summary>
    public void SetSum(uint index, TValue value)
    {
        var values = new TValue[BpfMap.PossibleCpus];
        values[0] = value;
        Set(index, values);
    }

    /// <summary>All elements' values, those of one element next to each other, one for each possible CPU.</summary>
    public TValue[] ToArray()
    {
        var (_, values, count) = MapWalk.ReadAll(Map);
        return MemoryMarshal.Cast<byte, TValue>(values.AsSpan(0, count * Map.FullValueSize)).ToArray();
    }
}
