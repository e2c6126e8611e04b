using System.Runtime.InteropServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Maps;

/// <summary>A typed view of a hash map, LRU hash map or longest-prefix-match trie.</summary>
public sealed unsafe class BpfHash<TKey, TValue>
    where TKey : unmanaged
    where TValue : unmanaged
{
    public BpfHash(BpfMap map)
    {
        map.Require(sizeof(TKey), sizeof(TValue), MapKind.Hash, MapKind.LruHash, MapKind.LpmTrie);
        Map = map;
    }

    public BpfMap Map { get; }

    /// <summary>The entry's value; in a trie that of the longest prefix that matches.</summary>
    public bool TryGet(TKey key, out TValue value)
    {
        fixed (TValue* pointer = &value)
        {
            return Found("look up in", Map.TryLookup(Bytes(&key), new Span<byte>(pointer, sizeof(TValue))));
        }
    }

    /// <summary>Writes an entry, whether it exists or not. Throws with E2BIG when the map is full.</summary>
    public void Set(TKey key, TValue value) => Map.Update(Bytes(&key), Bytes(&value));

    /// <summary>Writes an entry: None, or EEXIST, ENOENT (as the mode asks), E2BIG.</summary>
    public Errno TrySet(TKey key, TValue value, UpdateMode mode) => Map.TryUpdate(Bytes(&key), Bytes(&value), mode);

    /// <summary>Adds an entry; false when there is one.</summary>
    public bool TryAdd(TKey key, TValue value)
    {
        var errno = TrySet(key, value, UpdateMode.NoExist);
        if (errno == Errno.EEXIST) return false;
        Map.Check("update", errno);
        return true;
    }

    /// <summary>Deletes an entry; false when there is none.</summary>
    public bool Remove(TKey key) => Found("delete from", Map.TryDelete(Bytes(&key)));

    /// <summary>Reads and deletes an entry in one step (not in tries).</summary>
    public bool TryTake(TKey key, out TValue value)
    {
        fixed (TValue* pointer = &value)
        {
            return Found("take from", Map.TryTake(Bytes(&key), new Span<byte>(pointer, sizeof(TValue))));
        }
    }

    /// <summary>All entries at about one time; entries that change meanwhile may be missing, or old.</summary>
    public KeyValuePair<TKey, TValue>[] ToArray() => Read(false);

    /// <summary>Deletes all entries and returns what they were.</summary>
    public KeyValuePair<TKey, TValue>[] TakeAll() => Read(true);

    /// <summary>All keys; see <see cref="ToArray"/>.</summary>
    public TKey[] Keys() => Array.ConvertAll(ToArray(), static entry => entry.Key);

    /// <summary>Writes many entries, in one system call where the kernel can. Throws at the first that cannot be written; those before it are.</summary>
    public void SetMany(ReadOnlySpan<TKey> keys, ReadOnlySpan<TValue> values)
    {
        if (keys.Length != values.Length) throw new ArgumentException("as many values as keys are needed", nameof(values));
        if (keys.IsEmpty) return;
        var count = (uint)keys.Length;
        Errno errno;
        fixed (TKey* keyPointer = keys)
        fixed (TValue* valuePointer = values)
        {
            errno = Map.Batch(BpfCommand.MapUpdateBatch, null, null, keyPointer, valuePointer, ref count);
        }
        if (errno == Errno.None) return;
        // Where the kernel has no batches, and to name the entry that failed.
        for (var i = 0; i < keys.Length; i++) Set(keys[i], values[i]);
    }

    /// <summary>Deletes many entries; those that do not exist are passed over.</summary>
    public void RemoveMany(ReadOnlySpan<TKey> keys)
    {
        while (!keys.IsEmpty)
        {
            var count = (uint)keys.Length;
            Errno errno;
            fixed (TKey* keyPointer = keys)
            {
                errno = Map.Batch(BpfCommand.MapDeleteBatch, null, null, keyPointer, null, ref count);
            }
            if (errno == Errno.None) return;
            // It stops at a key that does not exist, and some kernels have no batches.
            keys = keys[(int)count..];
            if (keys.IsEmpty) return;
            Remove(keys[0]);
            keys = keys[1..];
        }
    }

    /// <summary>Deletes all entries.</summary>
    public void Clear() => RemoveMany(Keys());

    private KeyValuePair<TKey, TValue>[] Read(bool take)
    {
        var (keys, values, count) = MapWalk.ReadAll(Map, take);
        var typedKeys = MemoryMarshal.Cast<byte, TKey>(keys);
        var typedValues = MemoryMarshal.Cast<byte, TValue>(values);
        var result = new KeyValuePair<TKey, TValue>[count];
        for (var i = 0; i < count; i++) result[i] = new(typedKeys[i], typedValues[i]);
        return result;
    }

    private bool Found(string operation, Errno errno)
    {
        if (errno == Errno.ENOENT) return false;
        Map.Check(operation, errno);
        return true;
    }

    private static ReadOnlySpan<byte> Bytes<T>(T* value)
        where T : unmanaged => new(value, sizeof(T));
}
