using System.Buffers.Binary;
using System.Text;

namespace Weir.Bpf.Btf;

/// <summary>
/// Builds BTF, the kernel's type information (Documentation/bpf/btf.rst): type ids count from 1, 0 is void. Integers, pointers, arrays and
/// modifiers that are added twice give the same id. Names are made valid identifiers (what the kernel does not allow becomes '_').
/// </summary>
public sealed class BtfBuilder
{
    private const int KindInt = 1, KindPointer = 2, KindArray = 3, KindStruct = 4, KindEnum = 6, KindForward = 7, KindTypedef = 8, KindConst = 10,
        KindFunction = 12, KindPrototype = 13, KindVariable = 14, KindDataSection = 15;

    private const int MaxColumn = 0x3ff;

    private readonly List<TypeRecord> _types = [];
    private readonly Dictionary<(int Kind, string Name, int A, int B), int> _known = [];
    private readonly Dictionary<string, int> _stringOffsets = new() { [""] = 0 };
    private readonly MemoryStream _strings;

    public BtfBuilder()
    {
        _strings = new MemoryStream();
        _strings.WriteByte(0);
    }

    /// <summary>Number of types so far, void apart.</summary>
    public int TypeCount => _types.Count;

    /// <summary>The offset of a string in the string section; equal strings share one.</summary>
    public int AddString(string text)
    {
        if (_stringOffsets.TryGetValue(text, out var offset)) return offset;
        offset = (int)_strings.Length;
        _strings.Write(Encoding.UTF8.GetBytes(text));
        _strings.WriteByte(0);
        _stringOffsets.Add(text, offset);
        return offset;
    }

    /// <summary>An integer of 1, 2, 4 or 8 bytes.</summary>
    public int AddInteger(string name, int size, bool isSigned, bool isBool = false)
    {
        var encoding = (isSigned ? 1u << 24 : 0) | (isBool ? 1u << 26 : 0) | (uint)(size * 8);
        return AddOnce(KindInt, name, size, (int)encoding, () => new TypeRecord(KindInt, Name(name), 0, (uint)size, [encoding]));
    }

    /// <summary>A pointer to a type (0: void).</summary>
    public int AddPointer(int typeId) => AddOnce(KindPointer, "", typeId, 0, () => new TypeRecord(KindPointer, 0, 0, (uint)typeId, []));

    public int AddConst(int typeId) => AddOnce(KindConst, "", typeId, 0, () => new TypeRecord(KindConst, 0, 0, (uint)typeId, []));

    public int AddTypedef(string name, int typeId) =>
        AddOnce(KindTypedef, name, typeId, 0, () => new TypeRecord(KindTypedef, Name(name), 0, (uint)typeId, []));

    public int AddArray(int elementTypeId, int count)
    {
        var index = AddInteger("unsigned int", 4, false);
        return AddOnce(KindArray, "", elementTypeId, count,
            () => new TypeRecord(KindArray, 0, 0, 0, [(uint)elementTypeId, (uint)index, (uint)count]));
    }

    /// <summary>A struct that is only pointed to and whose members nobody knows.</summary>
    public int AddForwardStruct(string name) => AddOnce(KindForward, name, 0, 0, () => new TypeRecord(KindForward, Name(name), 0, 0, []));

    /// <summary>A struct; its size is in bytes. Members in ascending order of offset.</summary>
    public int AddStruct(string name, int size, IReadOnlyList<BtfMember> members)
    {
        var id = DeclareStruct(name, size);
        DefineStruct(id, members);
        return id;
    }

    /// <summary>A struct whose members follow by <see cref="DefineStruct"/>, for structs that point to themselves.</summary>
    public int DeclareStruct(string name, int size) => Add(new TypeRecord(KindStruct, Name(name), 0, (uint)size, []));

    /// <inheritdoc cref="DeclareStruct"/>
    public void DefineStruct(int id, IReadOnlyList<BtfMember> members)
    {
        var data = new List<uint>(members.Count * 3);
        foreach (var member in members) data.AddRange([(uint)Name(member.Name), (uint)member.TypeId, (uint)member.Offset * 8]);
        _types[id - 1] = _types[id - 1] with { Count = members.Count, Data = [.. data] };
    }

    /// <summary>An enum of 1, 2, 4 or 8 bytes.</summary>
    public int AddEnum(string name, int size, IReadOnlyList<BtfEnumerator> values)
    {
        var data = new List<uint>(values.Count * 2);
        foreach (var value in values) data.AddRange([(uint)Name(value.Name), (uint)value.Value]);
        return Add(new TypeRecord(KindEnum, Name(name), values.Count, (uint)size, [.. data]));
    }

    /// <summary>A function's prototype; return type 0 is void.</summary>
    public int AddPrototype(int returnTypeId, IReadOnlyList<BtfParameter> parameters)
    {
        var data = new List<uint>(parameters.Count * 2);
        foreach (var parameter in parameters) data.AddRange([(uint)Name(parameter.Name), (uint)parameter.TypeId]);
        return Add(new TypeRecord(KindPrototype, 0, parameters.Count, (uint)returnTypeId, [.. data]));
    }

    public int AddFunction(string name, int prototypeId, FunctionLinkage linkage) =>
        Add(new TypeRecord(KindFunction, Name(name), (int)linkage, (uint)prototypeId, []));

    /// <summary>A variable with global linkage, or a static one.</summary>
    public int AddVariable(string name, int typeId, bool isGlobal = true) =>
        Add(new TypeRecord(KindVariable, Name(name), 0, (uint)typeId, [isGlobal ? 1u : 0u]));

    /// <summary>A data section such as <c>.rodata</c>; its size is in bytes.</summary>
    public int AddDataSection(string name, int size, IReadOnlyList<BtfVariable> variables)
    {
        var data = new List<uint>(variables.Count * 3);
        foreach (var variable in variables) data.AddRange([(uint)variable.TypeId, (uint)variable.Offset, (uint)variable.Size]);
        return Add(new TypeRecord(KindDataSection, AddString(name), variables.Count, (uint)size, [.. data]));
    }

    /// <summary>The line info of an instruction; line and column count from 1 (columns past 1023 are written as 1023).</summary>
    public LineInfo AddLine(int instructionIndex, string file, string text, int line, int column) =>
        new(instructionIndex, AddString(file), AddString(text), ((uint)line << 10) | (uint)Math.Min(column, MaxColumn));

    /// <summary>The raw BTF, header included, little-endian.</summary>
    public byte[] Build()
    {
        const int headerSize = 24;
        var typeSize = 0;
        foreach (var type in _types) typeSize += 12 + type.Data.Length * 4;
        var result = new byte[headerSize + typeSize + _strings.Length];
        var at = 0;
        void Write(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(result.AsSpan(at), value);
            at += 4;
        }
        Write(0xeb9f | 1u << 16);
        Write(headerSize);
        Write(0);
        Write((uint)typeSize);
        Write((uint)typeSize);
        Write((uint)_strings.Length);
        foreach (var type in _types)
        {
            Write((uint)type.NameOffset);
            Write((uint)type.Count | (uint)type.Kind << 24);
            Write(type.SizeOrType);
            foreach (var word in type.Data) Write(word);
        }
        _strings.ToArray().CopyTo(result, at);
        return result;
    }

    private int Add(TypeRecord type)
    {
        _types.Add(type);
        return _types.Count;
    }

    private int AddOnce(int kind, string name, int a, int b, Func<TypeRecord> make)
    {
        if (_known.TryGetValue((kind, name, a, b), out var id)) return id;
        id = Add(make());
        _known.Add((kind, name, a, b), id);
        return id;
    }

    private int Name(string name)
    {
        if (name.Length == 0) return 0;
        var text = new StringBuilder(name.Length);
        foreach (var c in name) text.Append(char.IsAsciiLetterOrDigit(c) || c == '_' || (c == ' ' && IsCType(name)) ? c : '_');
        if (char.IsAsciiDigit(text[0])) text.Insert(0, '_');
        return AddString(text.ToString());
    }

    // Integer types of C keep their blanks; the kernel checks the names of all other kinds.
    private static bool IsCType(string name) => name.StartsWith("unsigned ") || name.StartsWith("long ") || name.StartsWith("signed ");

    private sealed record TypeRecord(int Kind, int NameOffset, int Count, uint SizeOrType, uint[] Data);
}
