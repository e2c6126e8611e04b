using System.Buffers.Binary;
using System.Text;

namespace Weir.Bpf.Loading;

/// <summary>The running kernel's own BTF (<c>/sys/kernel/btf/vmlinux</c>, several megabytes): read only when a program calls kernel functions.</summary>
public static class KernelBtf
{
    private const int KindFunction = 12;

    private static readonly Lazy<byte[]> s_file = new(() => File.ReadAllBytes("/sys/kernel/btf/vmlinux"));

    /// <summary>The BTF id of a kernel function, or null where this kernel has none of that name.</summary>
    public static int? TryFindFunction(string name) => TryFindFunction(s_file.Value, name);

    internal static int? TryFindFunction(ReadOnlySpan<byte> btf, string name)
    {
        var headerSize = (int)Word(btf, 4);
        var types = btf.Slice(headerSize + (int)Word(btf, 8), (int)Word(btf, 12));
        var strings = btf.Slice(headerSize + (int)Word(btf, 16), (int)Word(btf, 20));
        var wanted = Encoding.UTF8.GetBytes(name + "\0");
        for (var (at, id) = (0, 1); at < types.Length; id++)
        {
            var nameOffset = (int)Word(types, at);
            var info = Word(types, at + 4);
            var count = (int)(info & 0xffff);
            var kind = (int)(info >> 24 & 0x1f);
            if (kind == KindFunction && strings[nameOffset..].StartsWith(wanted)) return id;
            // What follows the 12 bytes that all kinds have (Documentation/bpf/btf.rst).
            at += 12 + kind switch
            {
                1 or 14 or 17 => 4,
                3 => 12,
                4 or 5 or 15 or 19 => count * 12,
                6 or 13 => count * 8,
                2 or 7 or 8 or 9 or 10 or 11 or 12 or 16 or 18 => 0,
                _ => throw new InvalidDataException($"the kernel's BTF has a type of the unknown kind {kind}"),
            };
        }
        return null;
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
