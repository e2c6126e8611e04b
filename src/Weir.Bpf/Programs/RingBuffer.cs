namespace Weir.Bpf.Programs;

/// <summary>A ring buffer to user space: BPF_MAP_TYPE_RINGBUF. <c>maxEntries</c> is its size in bytes, a power of two and of pages.</summary>
[MapType(27)]
public sealed unsafe class RingBuffer(uint maxEntries, MapFlags flags = MapFlags.None) : Map(maxEntries, flags)
{
    private readonly Queue<byte[]> _records = new();

    /// <summary>Copies a record in: 0, or negative where it is full.</summary>
    [Helper(130)]
    public long Output(void* data, ulong size, ulong flags)
    {
        _records.Enqueue(new ReadOnlySpan<byte>(data, (int)size).ToArray());
        return 0;
    }

    /// <summary>The next managed record, oldest first.</summary>
    public bool TryRead(out byte[] record) => _records.TryDequeue(out record!);

    /// <inheritdoc/>
    public override void Clear() => _records.Clear();
}
