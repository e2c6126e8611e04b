using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>An array: BPF_MAP_TYPE_ARRAY. All entries exist, zeroed at first.</summary>
[MapType(2)]
public unsafe class ArrayMap<TValue>(uint maxEntries, MapFlags flags = MapFlags.None) : Map(maxEntries, flags)
    where TValue : unmanaged
{
    private TValue* _values;

    /// <summary>The element, or null past the end.</summary>
    [Helper(1)]
    public TValue* Lookup(uint* index)
    {
        if (*index >= MaxEntries) return null;
        if (_values == null) _values = (TValue*)NativeMemory.AllocZeroed(MaxEntries, (nuint)sizeof(TValue));
        return _values + *index;
    }

    /// <summary>The element, or null past the end.</summary>
    public TValue* At(uint index) => Lookup(&index);

    /// <inheritdoc/>
    public override void Clear()
    {
        NativeMemory.Free(_values);
        _values = null;
    }
}

/// <summary>An array with a copy for each processor: BPF_MAP_TYPE_PERCPU_ARRAY. Managed there is one processor.</summary>
[MapType(6)]
public sealed class PerCpuArrayMap<TValue>(uint maxEntries, MapFlags flags = MapFlags.None) : ArrayMap<TValue>(maxEntries, flags)
    where TValue : unmanaged;
