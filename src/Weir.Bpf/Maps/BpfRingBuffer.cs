using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Maps;

/// <summary>
/// The one consumer of a ring buffer (Documentation/bpf/ringbuf.rst): a page with the consumer's position, a page with the producer's, and the
/// data, mapped twice in a row so that no record is cut. Not thread-safe.
/// </summary>
public sealed unsafe class BpfRingBuffer : IDisposable
{
    private const uint Busy = 1u << 31;
    private const uint Discarded = 1u << 30;
    private const int HeaderSize = 8;

    private readonly Memory _consumer;
    private readonly Memory _producer;
    private readonly ulong _mask;

    internal BpfRingBuffer(BpfMap map)
    {
        map.Require(0, 0, MapKind.RingBuffer);
        Map = map;
        var page = (nuint)Environment.SystemPageSize;
        _mask = map.Info.MaxEntries - 1;
        _consumer = Memory.Map($"map consumer page of '{map.Name}'", map.Descriptor, 0, page, true);
        _producer = Memory.Map($"map data of '{map.Name}'", map.Descriptor, (nint)page, page + 2 * (nuint)map.Info.MaxEntries, false);
    }

    /// <summary>Receives a record, which is gone when it returns.</summary>
    public delegate void RecordHandler(ReadOnlySpan<byte> record);

    public BpfMap Map { get; }

    /// <summary>Gives all records that are there to the handler, oldest first, and returns their number. Wait for more with a <see cref="Poller"/> on the map's descriptor.</summary>
    public int Drain(RecordHandler handler)
    {
        var count = 0;
        ref var consumed = ref *(ulong*)_consumer.Pointer;
        ref var produced = ref *(ulong*)_producer.Pointer;
        var data = _producer.Pointer + Environment.SystemPageSize;
        while (consumed < Volatile.Read(ref produced))
        {
            var header = data + (consumed & _mask);
            var length = Volatile.Read(ref *(uint*)header);
            if ((length & Busy) != 0) break;
            var size = length & ~Discarded;
            try
            {
                if ((length & Discarded) != 0) continue;
                count++;
                handler(new ReadOnlySpan<byte>(header + HeaderSize, (int)size));
            }
            finally
            {
                // Also after a handler that throws: its record would come again for ever.
                Volatile.Write(ref consumed, consumed + ((size + HeaderSize + 7) & ~7u));
            }
        }
        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _consumer.Dispose();
        _producer.Dispose();
    }
}
