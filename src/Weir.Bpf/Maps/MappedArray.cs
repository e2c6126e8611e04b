using Weir.Bpf.Kernel;

namespace Weir.Bpf.Maps;

/// <summary>The elements of an array map in this process's memory. The map itself lives on after <see cref="Dispose"/>, the span does not.</summary>
public sealed unsafe class MappedArray<TValue> : IDisposable
    where TValue : unmanaged
{
    private readonly Memory _memory;
    private readonly int _length;

    internal MappedArray(BpfMap map, bool isWritable)
    {
        // The kernel rounds elements up to 8 bytes.
        if (sizeof(TValue) % 8 != 0 && map.Info.MaxEntries != 1) throw new InvalidOperationException($"map '{map.Name}' has gaps between its elements of {sizeof(TValue)} bytes");
        _length = (int)map.Info.MaxEntries;
        _memory = Memory.Map($"map memory of '{map.Name}'", map.Descriptor, 0, (nuint)sizeof(TValue) * (nuint)_length, isWritable);
    }

    /// <summary>The elements. Writing faults where the memory was mapped for reading.</summary>
    public Span<TValue> Span => new(_memory.Pointer, _length);

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
