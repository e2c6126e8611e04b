using System.Buffers.Binary;
using System.Text;

namespace Weir.Bpf.Netlink;

/// <summary>Writes one netlink request: header, family's header, attributes (RFC 3549). Lengths are filled in by <see cref="Finish"/>.</summary>
internal ref struct MessageWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    public MessageWriter(Span<byte> buffer, ushort type, ushort flags, uint sequence)
    {
        _buffer = buffer;
        _buffer.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[6..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[8..], sequence);
        _length = 16;
    }

    public Span<byte> Reserve(int size)
    {
        var part = _buffer.Slice(_length, size);
        _length += (size + 3) & ~3;
        return part;
    }

    public void Attribute(ushort type, scoped ReadOnlySpan<byte> value)
    {
        var part = Reserve(4 + value.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(part, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(part[2..], type);
        value.CopyTo(part[4..]);
    }

    public void Attribute(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Attribute(type, bytes);
    }

    public void Attribute(ushort type, string text) => Attribute(type, Encoding.UTF8.GetBytes(text + "\0"));

    /// <summary>Begins an attribute of attributes; <see cref="EndNested"/> takes the result.</summary>
    public int BeginNested(ushort type)
    {
        var start = _length;
        BinaryPrimitives.WriteUInt16LittleEndian(Reserve(4)[2..], type);
        return start;
    }

    public readonly void EndNested(int start) => BinaryPrimitives.WriteUInt16LittleEndian(_buffer[start..], (ushort)(_length - start));

    public readonly ReadOnlySpan<byte> Finish()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, (uint)_length);
        return _buffer[.._length];
    }
}
