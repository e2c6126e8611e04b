using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>A typed view of an array or hash of maps. System calls write inner maps as descriptors and read them as ids.</summary>
public sealed unsafe class BpfMapOfMaps<TKey>
    where TKey : unmanaged
{
    public BpfMapOfMaps(BpfMap map)
    {
        map.Require(sizeof(TKey), 4, MapKind.ArrayOfMaps, MapKind.HashOfMaps);
        Map = map;
    }

    public BpfMap Map { get; }

    /// <summary>Puts an inner map in place, atomically; when this returns, no program uses the one before any more.</summary>
    public void Set(TKey key, BpfMap inner)
    {
        using var use = inner.Descriptor.Use();
        var descriptor = use.Value;
        Map.Update(new ReadOnlySpan<byte>(&key, sizeof(TKey)), new ReadOnlySpan<byte>(&descriptor, 4));
    }

    /// <summary>Puts many in place, waiting once for all where the kernel can.</summary>
    public void SetMany(ReadOnlySpan<(TKey Key, BpfMap Inner)> entries)
    {
        if (entries.IsEmpty) return;
        var keys = new TKey[entries.Length];
        var values = new int[entries.Length];
        var uses = new List<BpfMap>();
        for (var i = 0; i < keys.Length; i++)
        {
            using var use = entries[i].Inner.Descriptor.Use();
            (keys[i], values[i]) = (entries[i].Key, use.Value);
            uses.Add(entries[i].Inner);
        }
        var count = (uint)keys.Length;
        fixed (TKey* keyPointer = keys)
        fixed (int* valuePointer = values)
        {
            var errno = Map.Batch(BpfCommand.MapUpdateBatch, null, null, keyPointer, valuePointer, ref count);
            GC.KeepAlive(uses);
            if (errno == Errno.None) return;
        }
        foreach (var (key, inner) in entries) Set(key, inner);
    }

    /// <summary>Takes an inner map out; false when there is none.</summary>
    public bool Remove(TKey key)
    {
        var errno = Map.TryDelete(new ReadOnlySpan<byte>(&key, sizeof(TKey)));
        if (errno == Errno.ENOENT) return false;
        Map.Check("delete from", errno);
        return true;
    }

    /// <summary>The inner map's id, or null.</summary>
    public uint? TryGetId(TKey key)
    {
        uint id;
        var errno = Map.TryLookup(new ReadOnlySpan<byte>(&key, sizeof(TKey)), new Span<byte>(&id, 4));
        if (errno == Errno.ENOENT) return null;
        Map.Check("look up in", errno);
        return id;
    }

    /// <summary>Opens the inner map, or gives null; the caller owns it. Tries again where it is exchanged between the look-up and the opening.</summary>
    public BpfMap? TryOpen(TKey key)
    {
        while (true)
        {
            if (TryGetId(key) is not { } id) return null;
            if (BpfMap.TryOpen(id) is { } map) return map;
        }
    }
}
