using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>A key's bytes, compared as the kernel compares them: padding counts.</summary>
internal readonly struct Bytes : IEquatable<Bytes>
{
    private readonly byte[] _bytes;

    public unsafe Bytes(void* source, int length) => _bytes = new ReadOnlySpan<byte>(source, length).ToArray();

    public T As<T>() where T : unmanaged => MemoryMarshal.Read<T>(_bytes);

    public bool Equals(Bytes other) => _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }
}
