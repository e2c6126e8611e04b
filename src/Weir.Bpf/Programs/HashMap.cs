using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>A hash table: BPF_MAP_TYPE_HASH. Managed, it keeps values in unmanaged memory, so that pointers stay valid while an entry lives.</summary>
[MapType(1)]
public unsafe class HashMap<TKey, TValue>(uint maxEntries, MapFlags flags = MapFlags.None) : Map(maxEntries, flags)
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly Dictionary<Bytes, nint> _entries = [];

    /// <summary>The managed number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>The entry's value, or null.</summary>
    [Helper(1)]
    public TValue* Lookup(TKey* key) => _entries.TryGetValue(new Bytes(key, sizeof(TKey)), out var value) ? (TValue*)value : null;

    /// <summary>Writes an entry: 0, or a negative errno (-EEXIST, -ENOENT, -E2BIG).</summary>
    [Helper(2)]
    public long Update(TKey* key, TValue* value, UpdateMode mode)
    {
        var bytes = new Bytes(key, sizeof(TKey));
        if (_entries.TryGetValue(bytes, out var old))
        {
            if (mode == UpdateMode.NoExist) return -17;
            *(TValue*)old = *value;
            return 0;
        }
        if (mode == UpdateMode.Exist) return -2;
        if (_entries.Count >= MaxEntries && !MakeRoom()) return -7;
        var copy = (TValue*)NativeMemory.Alloc((nuint)sizeof(TValue));
        *copy = *value;
        _entries.Add(bytes, (nint)copy);
        return 0;
    }

    /// <summary>Deletes an entry: 0 or -ENOENT.</summary>
    [Helper(3)]
    public long Delete(TKey* key)
    {
        // The kernel frees after a grace period, so a program may go on reading what it deletes: the managed map leaves the memory to Clear.
        if (!_entries.Remove(new Bytes(key, sizeof(TKey)), out var value)) return -2;
        _deleted.Add(value);
        return 0;
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        foreach (var value in _entries.Values) NativeMemory.Free((void*)value);
        foreach (var value in _deleted) NativeMemory.Free((void*)value);
        _entries.Clear();
        _deleted.Clear();
    }

    /// <summary>The managed entries, as pairs of copies (tests and the managed control side).</summary>
    public IReadOnlyList<(TKey Key, TValue Value)> Entries()
    {
        var result = new List<(TKey, TValue)>(_entries.Count);
        foreach (var (key, value) in _entries) result.Add((key.As<TKey>(), *(TValue*)value));
        return result;
    }

    /// <summary>Evicts where the kind of map does; a plain hash table is full.</summary>
    private protected virtual bool MakeRoom() => false;

    private readonly List<nint> _deleted = [];
}

/// <summary>A hash table that evicts the least recently used entries: BPF_MAP_TYPE_LRU_HASH. The managed one evicts any.</summary>
[MapType(9)]
public sealed class LruHashMap<TKey, TValue>(uint maxEntries, MapFlags flags = MapFlags.None) : HashMap<TKey, TValue>(maxEntries, flags)
    where TKey : unmanaged
    where TValue : unmanaged
{
    private protected override unsafe bool MakeRoom()
    {
        var key = Entries()[0].Key;
        return Delete(&key) == 0;
    }
}
