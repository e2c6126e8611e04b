using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>A typed view of a per-CPU hash map (also LRU): every entry has a value for each CPU. Values are multiples of 8 bytes.</summary>
public sealed unsafe class BpfPerCpuHash<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    public BpfPerCpuHash(BpfMap map)
    {
        map.Require(sizeof(TKey), sizeof(TValue), MapKind.PerCpuHash, MapKind.LruPerCpuHash);
        if (sizeof(TValue) % 8 != 0) throw new InvalidOperationException($"values of {sizeof(TValue)} bytes are not a multiple of 8");
        Map = map;
    }

    public BpfMap Map { get; }

    /// <summary>The entry's values, one for each possible CPU, or null.</summary>
    public TValue[]? TryGet(TKey key)
    {
        var values = new TValue[BpfMap.PossibleCpus];
        var errno = Map.TryLookup(new ReadOnlySpan<byte>(&key, sizeof(TKey)), MemoryMarshal.AsBytes(values.AsSpan()));
        if (errno == Errno.ENOENT) return null;
        Map.Check("look up in", errno);
        return values;
    }

    /// <summary>Writes an entry's values, one for each possible CPU.</summary>
    public void Set(TKey key, ReadOnlySpan<TValue> values) => Map.Update(new ReadOnlySpan<byte>(&key, sizeof(TKey)), MemoryMarshal.AsBytes(values));

    /// <summary>Deletes an entry; false when there is none.</summary>
    public bool Remove(TKey key)
    {
        var errno = Map.TryDelete(new ReadOnlySpan<byte>(&key, sizeof(TKey)));
        if (errno == Errno.ENOENT) return false;
        Map.Check("delete from", errno);
        return true;
    }

    /// <summary>All entries, each with its values for each possible CPU.</summary>
    public KeyValuePair<TKey, TValue[]>[] ToArray()
    {
        var (keys, values, count) = MapWalk.ReadAll(Map);
        var typedKeys = MemoryMarshal.Cast<byte, TKey>(keys);
        var result = new KeyValuePair<TKey, TValue[]>[count];
        for (var i = 0; i < count; i++)
        {
            result[i] = new(typedKeys[i], MemoryMarshal.Cast<byte, TValue>(values.AsSpan(i * Map.FullValueSize, Map.FullValueSize)).ToArray());
        }
        return result;
    }
}
