using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>A ring buffer to user space: BPF_MAP_TYPE_RINGBUF. <c>maxEntries</c> is its size in bytes, a power of two and of pages.</summary>
[MapType(27)]
public sealed unsafe class RingBuffer(uint maxEntries, MapFlags flags = MapFlags.None) : Map(maxEntries, flags)
{
    /// <summary>What each record has in front (BPF_RINGBUF_HDR_SZ).</summary>
    private const ulong RecordHeader = 8;

    /// <summary>Reserved records that were not handed over yet, of all buffers.</summary>
    private static readonly Dictionary<nint, (RingBuffer Owner, int Size)> s_reserved = [];

    private readonly Queue<byte[]> _records = new();
    private ulong _used;

    /// <summary>Copies a record in: 0, or negative where it is full.</summary>
    [Helper(130)]
    public long Output(void* data, ulong size, ulong flags)
    {
        if (_used + size + RecordHeader > MaxEntries) return -11;
        Enqueue(data, (int)size);
        return 0;
    }

    /// <summary>Room for a record of so many bytes (a constant), not zeroed, or null where it is full. <see cref="Submit"/> must follow on every way.</summary>
    [Helper(131)]
    public void* Reserve(ulong size, ulong flags)
    {
        if (_used + size + RecordHeader > MaxEntries) return null;
        var record = NativeMemory.Alloc((nuint)size);
        new Span<byte>(record, (int)size).Fill(0xa5);
        lock (s_reserved) s_reserved.Add((nint)record, (this, (int)size));
        return record;
    }

    /// <summary>Hands a reserved record over to the reader.</summary>
    [Helper(132)]
    public static void Submit(void* record, ulong flags)
    {
        (RingBuffer Owner, int Size) reserved;
        lock (s_reserved)
        {
            if (!s_reserved.Remove((nint)record, out reserved)) throw new InvalidOperationException("the record is not a reserved one");
        }
        reserved.Owner.Enqueue(record, reserved.Size);
        NativeMemory.Free(record);
    }

    /// <summary>The next managed record, oldest first.</summary>
    public bool TryRead(out byte[] record)
    {
        if (!_records.TryDequeue(out record!)) return false;
        _used -= (ulong)record.Length + RecordHeader;
        return true;
    }

    /// <inheritdoc/>
    public override void Clear()
    {
        _records.Clear();
        _used = 0;
    }

    private void Enqueue(void* data, int size)
    {
        _records.Enqueue(new ReadOnlySpan<byte>(data, size).ToArray());
        _used += (ulong)size + RecordHeader;
    }
}
