using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>
/// A longest-prefix-match trie: BPF_MAP_TYPE_LPM_TRIE. Its keys begin with the number of bits that count of what follows in them (struct bpf_lpm_trie_key); a look-up
/// names all bits. Managed, it is a table that is searched.
/// </summary>
[MapType(11)]
public sealed unsafe class LpmTrieMap<TKey, TValue>(uint maxEntries, MapFlags flags = MapFlags.NoPrealloc) : Map(maxEntries, flags)
    where TKey : unmanaged
    where TValue : unmanaged
{
    private readonly Dictionary<Bytes, nint> _entries = [];

    /// <summary>The value of the longest prefix that the key is in, or null.</summary>
    [Helper(1)]
    public TValue* Lookup(TKey* key)
    {
        for (var length = (int)*(uint*)key; length >= 0; length--)
        {
            var shortened = Shorten(*key, length);
            if (_entries.TryGetValue(new Bytes((byte*)&shortened, sizeof(TKey)), out var value)) return (TValue*)value;
        }
        return null;
    }

    /// <summary>Writes a prefix: 0, or -ENOSPC.</summary>
    [Helper(2)]
    public long Update(TKey* key, TValue* value, UpdateMode mode)
    {
        var prefix = Shorten(*key, (int)*(uint*)key);
        var bytes = new Bytes((byte*)&prefix, sizeof(TKey));
        if (_entries.TryGetValue(bytes, out var old))
        {
            if (mode == UpdateMode.NoExist) return -17;
            *(TValue*)old = *value;
            return 0;
        }
        if (mode == UpdateMode.Exist) return -2;
        if (_entries.Count >= MaxEntries) return -28;
        var copy = (TValue*)NativeMemory.Alloc((nuint)sizeof(TValue));
        *copy = *value;
        _entries.Add(bytes, (nint)copy);
        return 0;
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        foreach (var value in _entries.Values) NativeMemory.Free((void*)value);
        _entries.Clear();
    }

    private static TKey Shorten(TKey key, int length)
    {
        *(uint*)&key = (uint)length;
        var data = new Span<byte>((byte*)&key + sizeof(uint), sizeof(TKey) - sizeof(uint));
        for (var i = 0; i < data.Length; i++)
        {
            var bits = Math.Clamp(length - i * 8, 0, 8);
            data[i] &= (byte)(0xff00 >> bits);
        }
        return key;
    }
}
