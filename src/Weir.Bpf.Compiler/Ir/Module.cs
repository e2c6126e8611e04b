namespace Weir.Bpf.Compiler.Ir;

/// <summary>All that becomes one object: entry points with what they call, and maps.</summary>
public sealed class Module
{
    public List<Function> Functions { get; } = [];

    public List<MapSymbol> Maps { get; } = [];

    /// <summary>Tells data of other forms from these, see <see cref="Il.LayoutFingerprint"/>.</summary>
    public ulong Layout { get; set; }
}

/// <summary>A map of the object.</summary>
/// <param name="Name">At most 15 characters of [A-Za-z0-9_.]; the field's name.</param>
/// <param name="Type">enum bpf_map_type.</param>
public sealed record MapSymbol(string Name, int Type)
{
    public int KeySize { get; init; }

    public int ValueSize { get; init; }

    public uint MaxEntries { get; init; }

    public uint Flags { get; init; }

    /// <summary>For BTF: null where the kernel wants none (ring buffers, maps of maps).</summary>
    public TypeDescription? Key { get; init; }

    public TypeDescription? Value { get; init; }

    /// <summary>The template of the inner maps of a map of maps.</summary>
    public MapSymbol? Inner { get; init; }

    /// <summary>The contents of a read-only data map, frozen at load (constant tables); null for others.</summary>
    public byte[]? Data { get; init; }
}

/// <summary>What the compiler knows of a helper.</summary>
/// <param name="Id">Its number (enum bpf_func_id).</param>
/// <param name="Name">Its name, for messages.</param>
/// <param name="IsPure">Has no effect and depends only on its arguments and memory that does not change.</param>
public sealed record HelperSymbol(int Id, string Name, bool IsPure);

/// <summary>A C# type as BTF will show it. Sizes and offsets in bytes.</summary>
public abstract record TypeDescription(string Name, int Size);

/// <summary>An integer, bool or enum's underlying integer.</summary>
public sealed record IntegerDescription(string Name, int Size, bool IsSigned) : TypeDescription(Name, Size);

/// <summary>A pointer; null is void.</summary>
public sealed record PointerDescription(TypeDescription? Target) : TypeDescription("*", 8);

/// <summary>A fixed buffer.</summary>
public sealed record ArrayDescription(TypeDescription Element, int Count) : TypeDescription("[]", Element.Size * Count);

/// <summary>A struct. Its name is the kernel's where it has one there (__sk_buff, bpf_timer). Fields are empty for a type that is only pointed to (a context).</summary>
public sealed record StructDescription(string Name, int Size, IReadOnlyList<FieldDescription> Fields) : TypeDescription(Name, Size);

/// <summary>A struct's field.</summary>
public sealed record FieldDescription(string Name, TypeDescription Type, int Offset);
