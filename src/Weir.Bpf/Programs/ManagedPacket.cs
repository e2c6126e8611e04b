using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>A packet over which programs run managed: a context and its bytes, in unmanaged memory with room to grow.</summary>
public sealed unsafe class ManagedPacket : IDisposable
{
    private const int Headroom = 256;
    private const int Capacity = 65536 + 2 * Headroom;

    private static readonly Dictionary<nint, ManagedPacket> s_packets = [];

    private readonly byte* _memory;
    private int _start = Headroom;
    private int _length;

    /// <summary>Makes a packet of these bytes, link-layer header included.</summary>
    public ManagedPacket(ReadOnlySpan<byte> bytes)
    {
        _memory = (byte*)NativeMemory.AllocZeroed(Capacity);
        Context = (SkBuff*)NativeMemory.AllocZeroed((nuint)sizeof(SkBuff));
        XdpContext = (XdpBuff*)NativeMemory.AllocZeroed((nuint)sizeof(XdpBuff));
        bytes.CopyTo(new Span<byte>(_memory + _start, bytes.Length));
        _length = bytes.Length;
        Context->Length = (uint)_length;
        lock (s_packets)
        {
            s_packets.Add((nint)Context, this);
            s_packets.Add((nint)XdpContext, this);
        }
    }

    /// <summary>What a TC program is called with.</summary>
    public SkBuff* Context { get; }

    /// <summary>What an XDP program is called with.</summary>
    public XdpBuff* XdpContext { get; }

    public byte* Data => _memory + _start;

    public byte* DataEnd => Data + _length;

    /// <summary>The packet's bytes as they are now.</summary>
    public Span<byte> Bytes => new(Data, _length);

    /// <summary>The packet that a context belongs to.</summary>
    public static ManagedPacket Of(void* context)
    {
        lock (s_packets) return s_packets[(nint)context];
    }

    /// <summary>Cuts or lengthens the packet at its end; new bytes are zero.</summary>
    public bool TryChangeTail(int length)
    {
        if (length < 14 || length > Capacity - _start) return false;
        if (length > _length) new Span<byte>(Data + _length, length - _length).Clear();
        SetLength(length);
        return true;
    }

    /// <summary>Inserts (or with a negative size removes) zeroed bytes at an offset.</summary>
    public bool TryAdjustRoom(int offset, int size)
    {
        if (offset < 0 || offset > _length || _length + size > Capacity - _start || (size < 0 && offset - size > _length)) return false;
        var bytes = Bytes.ToArray();
        var tail = bytes.AsSpan(size < 0 ? offset - size : offset);
        SetLength(_length + size);
        if (size > 0) Bytes.Slice(offset, size).Clear();
        tail.CopyTo(Bytes[(size > 0 ? offset + size : offset)..]);
        return true;
    }

    public void Dispose()
    {
        lock (s_packets)
        {
            s_packets.Remove((nint)Context);
            s_packets.Remove((nint)XdpContext);
        }
        NativeMemory.Free(_memory);
        NativeMemory.Free(Context);
        NativeMemory.Free(XdpContext);
    }

    private void SetLength(int length)
    {
        _length = length;
        Context->Length = (uint)length;
    }
}
