using System.Buffers.Binary;
using System.Text;

namespace Weir.Bpf.Loading;

/// <summary>The running kernel's own BTF (<c>/sys/kernel/btf/vmlinux</c>, several megabytes): read only when something asks for it.</summary>
public static class KernelBtf
{
    private const string Path = "/sys/kernel/btf/vmlinux";
    private const int KindStruct = 4;
    private const int KindUnion = 5;
    private const int KindConst = 10;
    private const int KindVolatile = 9;
    private const int KindFunction = 12;

    private static readonly Lazy<byte[]> s_file = new(() => File.Exists(Path) ? File.ReadAllBytes(Path) : []);

    /// <summary>The BTF id of a kernel function, or null where this kernel has none of that name.</summary>
    public static int? TryFindFunction(string name) => TryFindFunction(s_file.Value, name);

    /// <summary>The byte offset of a member in a struct of the kernel, also of one in unnamed structs and unions within; null where this kernel has no such.</summary>
    public static int? TryFindMember(string structName, string member) => TryFindMember(s_file.Value, structName, member);

    internal static int? TryFindFunction(ReadOnlySpan<byte> btf, string name)
    {
        if (btf.IsEmpty) return null;
        var wanted = Encoding.UTF8.GetBytes(name + "\0");
        var types = Types(btf);
        var strings = Strings(btf);
        for (var (at, id) = (0, 1); at < types.Length; id++)
        {
            if (KindOf(types, at) == KindFunction && strings[(int)Word(types, at)..].StartsWith(wanted)) return id;
            at += SizeOf(types, at);
        }
        return null;
    }

    internal static int? TryFindMember(ReadOnlySpan<byte> btf, string structName, string member)
    {
        if (btf.IsEmpty) return null;
        var wanted = Encoding.UTF8.GetBytes(structName + "\0");
        var types = Types(btf);
        var strings = Strings(btf);
        var places = new List<int> { 0 };
        int? found = null;
        for (var at = 0; at < types.Length; at += SizeOf(types, at))
        {
            places.Add(at);
            // Declarations without members come as other kinds.
            if (found is null && KindOf(types, at) == KindStruct && strings[(int)Word(types, at)..].StartsWith(wanted)) found = at;
        }
        return found is { } place ? TryFindMember(types, strings, places, place, Encoding.UTF8.GetBytes(member + "\0")) : null;
    }

    private static int? TryFindMember(ReadOnlySpan<byte> types, ReadOnlySpan<byte> strings, List<int> places, int at, byte[] wanted)
    {
        var info = Word(types, at + 4);
        for (var i = 0; i < (int)(info & 0xffff); i++)
        {
            var entry = at + 12 + i * 12;
            var name = (int)Word(types, entry);
            // With the kind's flag the upper byte is the width of a bit field.
            var bits = Word(types, entry + 8) & (info >> 31 != 0 ? 0xffffffu : uint.MaxValue);
            if (name != 0 && strings[name] != 0)
            {
                if (strings[name..].StartsWith(wanted)) return (int)(bits / 8);
                continue;
            }
            var inner = places[(int)Word(types, entry + 4)];
            while (KindOf(types, inner) is KindConst or KindVolatile) inner = places[(int)Word(types, inner + 8)];
            if (KindOf(types, inner) is KindStruct or KindUnion && TryFindMember(types, strings, places, inner, wanted) is { } offset) return (int)(bits / 8) + offset;
        }
        return null;
    }

    private static ReadOnlySpan<byte> Types(ReadOnlySpan<byte> btf) => btf.Slice((int)Word(btf, 4) + (int)Word(btf, 8), (int)Word(btf, 12));

    private static ReadOnlySpan<byte> Strings(ReadOnlySpan<byte> btf) => btf.Slice((int)Word(btf, 4) + (int)Word(btf, 16), (int)Word(btf, 20));

    private static int KindOf(ReadOnlySpan<byte> types, int at) => (int)(Word(types, at + 4) >> 24 & 0x1f);

    /// <summary>The bytes of a type: the 12 that all kinds have, and what follows them (Documentation/bpf/btf.rst).</summary>
    private static int SizeOf(ReadOnlySpan<byte> types, int at)
    {
        var count = (int)(Word(types, at + 4) & 0xffff);
        var kind = KindOf(types, at);
        return 12 + kind switch
        {
            1 or 14 or 17 => 4,
            3 => 12,
            4 or 5 or 15 or 19 => count * 12,
            6 or 13 => count * 8,
            2 or 7 or 8 or 9 or 10 or 11 or 12 or 16 or 18 => 0,
            _ => throw new InvalidDataException($"the kernel's BTF has a type of the unknown kind {kind}"),
        };
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
