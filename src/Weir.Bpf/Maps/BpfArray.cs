using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>A typed view of an array map.</summary>
public sealed unsafe class BpfArray<TValue>
    where TValue : unmanaged
{
    public BpfArray(BpfMap map)
    {
        map.Require(4, sizeof(TValue), MapKind.Array);
        Map = map;
    }

    public BpfMap Map { get; }

    public uint Length => Map.Info.MaxEntries;

    /// <summary>An element. Throws past the end.</summary>
    public TValue this[uint index]
    {
        get
        {
            TValue value;
            Map.Check("read", Map.TryLookup(new ReadOnlySpan<byte>(&index, 4), new Span<byte>(&value, sizeof(TValue))));
            return value;
        }

        set => Map.Update(new ReadOnlySpan<byte>(&index, 4), new ReadOnlySpan<byte>(&value, sizeof(TValue)));
    }

    /// <summary>All elements.</summary>
    public TValue[] ToArray()
    {
        var (_, values, count) = MapWalk.ReadAll(Map);
        return MemoryMarshal.Cast<byte, TValue>(values.AsSpan(0, count * sizeof(TValue))).ToArray();
    }

    /// <summary>Writes elements from an index on, in one system call where the kernel can.</summary>
    public void SetMany(uint start, ReadOnlySpan<TValue> values)
    {
        if (values.IsEmpty) return;
        if (start > Length || values.Length > Length - start) throw new ArgumentOutOfRangeException(nameof(start), $"map '{Map.Name}' has {Length} elements");
        var keys = new uint[values.Length];
        for (var i = 0; i < keys.Length; i++) keys[i] = start + (uint)i;
        var count = (uint)keys.Length;
        fixed (uint* keyPointer = keys)
        fixed (TValue* valuePointer = values)
        {
            if (Map.Batch(BpfCommand.MapUpdateBatch, null, null, keyPointer, valuePointer, ref count) == Errno.None) return;
        }
        for (var i = 0; i < keys.Length; i++) this[keys[i]] = values[i];
    }

    /// <summary>The elements as memory of this process (flag Mmapable): what is written there programs see at once.</summary>
    public MappedArray<TValue> MapMemory(bool isWritable = true) => new(Map, isWritable);
}
