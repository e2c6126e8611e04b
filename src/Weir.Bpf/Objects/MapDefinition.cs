namespace Weir.Bpf.Objects;

/// <summary>What a map is made from.</summary>
/// <param name="Name">At most 15 characters of [A-Za-z0-9_.].</param>
/// <param name="Kind">enum bpf_map_type.</param>
/// <param name="KeySize">Bytes; 0 for ring buffers.</param>
/// <param name="ValueSize">Bytes; for maps of maps and program arrays 4.</param>
/// <param name="MaxEntries">Most entries; for ring buffers bytes.</param>
public sealed record MapDefinition(string Name, MapKind Kind, int KeySize, int ValueSize, uint MaxEntries)
{
    /// <summary>BPF_F_….</summary>
    public uint Flags { get; init; }

    /// <summary>BTF id of the key, or 0: none. Maps with timers or locks in their values need both ids.</summary>
    public int KeyTypeId { get; init; }

    /// <summary>BTF id of the value, or 0: none.</summary>
    public int ValueTypeId { get; init; }

    /// <summary>What the inner maps of a map of maps look like.</summary>
    public MapDefinition? Inner { get; init; }

    /// <summary>The first value of a data map (<c>.rodata</c>), written at load; null: none. Empty would be refused by the kernel.</summary>
    public byte[]? Data { get; init; }

    /// <summary>Frozen at load, after its data are written: the verifier then takes the data for constants, and nobody can change them.</summary>
    public bool IsFrozen { get; init; }
}
