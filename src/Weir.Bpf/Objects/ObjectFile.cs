using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;

namespace Weir.Bpf.Objects;

/// <summary>
/// Programs, maps and BTF as one file. All numbers are little-endian; a string is its length in bytes (u32) and UTF-8; a list is its count (u32)
/// and its items; bytes are a length (u32, 0xffffffff: null) and themselves.
/// <code>
/// header   8 bytes "WEIRBPF2", u64 fingerprint (FNV-1a of all that follows), u64 layout
/// btf      bytes
/// maps     list of map
/// programs list of: name, section, bytes of instructions (struct bpf_insn), list of relocation,
///          bytes of func_info (struct bpf_func_info), bytes of line_info (struct bpf_line_info)
/// map      name, u32 kind, key size, value size, max entries, flags, BTF id of key, of value, frozen (0 or 1), data as bytes, has inner (0 or 1), inner map
/// relocation u32 instruction, u32 kind, target
/// </code>
/// </summary>
public sealed class ObjectFile
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderSize = 24;

    private const int HashedFrom = 16;
    private static readonly byte[] s_magic = "WEIRBPF2"u8.ToArray();

    public required byte[] Btf { get; init; }

    public IReadOnlyList<MapDefinition> Maps { get; init; } = [];

    public IReadOnlyList<ProgramDefinition> Programs { get; init; } = [];

    /// <summary>A number that stands for the form of all data: programs of an object with the same number can go on with the maps of this one.</summary>
    public ulong Layout { get; init; }

    /// <summary>The definition of a map. Throws when there is none.</summary>
    public MapDefinition Map(string name) =>
        Maps.FirstOrDefault(map => map.Name == name) ?? throw new ArgumentException($"the object has no map '{name}'", nameof(name));

    /// <summary>The definition of a program. Throws when there is none.</summary>
    public ProgramDefinition Program(string name) =>
        Programs.FirstOrDefault(program => program.Name == name) ?? throw new ArgumentException($"the object has no program '{name}'", nameof(name));

    /// <summary>What tells one object from another, without reading more than the header; for asking whether what is loaded is this.</summary>
    public static ulong ReadFingerprint(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderSize || !file[..s_magic.Length].SequenceEqual(s_magic)) throw new InvalidDataException("not a WEIRBPF2 object");
        return BinaryPrimitives.ReadUInt64LittleEndian(file[s_magic.Length..]);
    }

    /// <summary>The object's <see cref="Layout"/>, from the header.</summary>
    public static ulong ReadLayout(ReadOnlySpan<byte> file)
    {
        ReadFingerprint(file);
        return BinaryPrimitives.ReadUInt64LittleEndian(file[HashedFrom..]);
    }

    /// <summary>Reads a file. Throws <see cref="InvalidDataException"/> where it is damaged.</summary>
    public static ObjectFile Read(ReadOnlySpan<byte> file)
    {
        var fingerprint = ReadFingerprint(file);
        if (Fnv1A(file[HashedFrom..]) != fingerprint) throw new InvalidDataException("the object is damaged: its contents do not have its fingerprint");
        var reader = new Reader(file[HeaderSize..]);
        var btf = reader.Bytes() ?? [];
        var maps = new MapDefinition[reader.Count()];
        for (var i = 0; i < maps.Length; i++) maps[i] = ReadMap(ref reader, 0);
        var programs = new ProgramDefinition[reader.Count()];
        for (var i = 0; i < programs.Length; i++)
        {
            var name = reader.Text();
            var section = reader.Text();
            var instructions = reader.Structs<Instruction>();
            var relocations = new Relocation[reader.Count()];
            for (var j = 0; j < relocations.Length; j++) relocations[j] = new Relocation((int)reader.Word(), (RelocationKind)reader.Word(), reader.Text());
            programs[i] = new ProgramDefinition(name, section, instructions)
            {
                Relocations = relocations,
                Functions = reader.Structs<FunctionInfo>(),
                Lines = reader.Structs<LineInfo>(),
            };
        }
        if (!reader.IsAtEnd) throw new InvalidDataException("the object has bytes after its end");
        return new ObjectFile { Btf = btf, Maps = maps, Programs = programs, Layout = ReadLayout(file) };
    }

    /// <summary>The file's bytes.</summary>
    public byte[] Write()
    {
        var stream = new MemoryStream();
        stream.Write(s_magic);
        stream.Write(new byte[8]);
        var writer = new BinaryWriter(stream);
        writer.Write(Layout);
        WriteBytes(writer, Btf);
        writer.Write(Maps.Count);
        foreach (var map in Maps) WriteMap(writer, map);
        writer.Write(Programs.Count);
        foreach (var program in Programs)
        {
            WriteText(writer, program.Name);
            WriteText(writer, program.Section);
            WriteBytes(writer, MemoryMarshal.AsBytes(program.Instructions.AsSpan()));
            writer.Write(program.Relocations.Count);
            foreach (var relocation in program.Relocations)
            {
                writer.Write(relocation.InstructionIndex);
                writer.Write((int)relocation.Kind);
                WriteText(writer, relocation.Target);
            }
            WriteBytes(writer, MemoryMarshal.AsBytes(program.Functions.AsSpan()));
            WriteBytes(writer, MemoryMarshal.AsBytes(program.Lines.AsSpan()));
        }
        var file = stream.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(s_magic.Length), Fnv1A(file.AsSpan(HashedFrom)));
        return file;
    }

    private static MapDefinition ReadMap(ref Reader reader, int depth)
    {
        if (depth > 1) throw new InvalidDataException("maps of maps of maps do not exist");
        var map = new MapDefinition(reader.Text(), (MapKind)reader.Word(), (int)reader.Word(), (int)reader.Word(), reader.Word())
        {
            Flags = reader.Word(),
            KeyTypeId = (int)reader.Word(),
            ValueTypeId = (int)reader.Word(),
            IsFrozen = reader.Word() != 0,
            Data = reader.Bytes(),
        };
        return reader.Word() != 0 ? map with { Inner = ReadMap(ref reader, depth + 1) } : map;
    }

    private static void WriteMap(BinaryWriter writer, MapDefinition map)
    {
        WriteText(writer, map.Name);
        writer.Write((int)map.Kind);
        writer.Write(map.KeySize);
        writer.Write(map.ValueSize);
        writer.Write(map.MaxEntries);
        writer.Write(map.Flags);
        writer.Write(map.KeyTypeId);
        writer.Write(map.ValueTypeId);
        writer.Write(map.IsFrozen ? 1 : 0);
        if (map.Data == null) writer.Write(uint.MaxValue);
        else WriteBytes(writer, map.Data);
        writer.Write(map.Inner == null ? 0 : 1);
        if (map.Inner != null) WriteMap(writer, map.Inner);
    }

    private static void WriteText(BinaryWriter writer, string text) => WriteBytes(writer, Encoding.UTF8.GetBytes(text));

    private static void WriteBytes(BinaryWriter writer, ReadOnlySpan<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static ulong Fnv1A(ReadOnlySpan<byte> bytes)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var b in bytes) hash = (hash ^ b) * 0x100000001b3;
        return hash;
    }

    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public uint Word() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

        // Every item of a list has at least one byte, so a count that is larger than the rest is damage, not a reason to allocate.
        public int Count()
        {
            var count = Word();
            return count <= (uint)_rest.Length ? (int)count : throw Truncated();
        }

        public string Text() => Encoding.UTF8.GetString(Take(Word()));

        public byte[]? Bytes()
        {
            var length = Word();
            return length == uint.MaxValue ? null : Take(length).ToArray();
        }

        public unsafe T[] Structs<T>()
            where T : unmanaged
        {
            var bytes = Take(Word());
            if (bytes.Length % sizeof(T) != 0) throw Truncated();
            return MemoryMarshal.Cast<byte, T>(bytes).ToArray();
        }

        private ReadOnlySpan<byte> Take(uint length)
        {
            if (length > (uint)_rest.Length) throw Truncated();
            var taken = _rest[..(int)length];
            _rest = _rest[(int)length..];
            return taken;
        }

        private static InvalidDataException Truncated() => new("the object is truncated");
    }
}
