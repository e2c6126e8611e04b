namespace Weir.Bpf.Objects;

/// <summary>Kinds of maps (enum bpf_map_type).</summary>
public enum MapKind
{
    Hash = 1,
    Array = 2,
    ProgramArray = 3,
    PerCpuHash = 5,
    PerCpuArray = 6,
    LruHash = 9,
    LruPerCpuHash = 10,
    LpmTrie = 11,
    ArrayOfMaps = 12,
    HashOfMaps = 13,
    RingBuffer = 27,
}
