namespace Weir.Bpf.Programs;

/// <summary>
/// A map as programs see it. A program declares one as <c>static readonly</c> field with an initialiser of constants; the compiler reads the
/// arguments of the constructor, in this order, as the map's definition, and the field's name as the map's name.
/// </summary>
public abstract class Map(uint maxEntries, MapFlags flags)
{
    /// <summary>Most entries; what the loader creates unless it is told otherwise.</summary>
    public uint MaxEntries { get; } = maxEntries;

    public MapFlags Flags { get; } = flags;

    /// <summary>Forgets all entries of the managed map (tests).</summary>
    public abstract void Clear();
}

/// <summary>Flags of map creation (BPF_F_…, include/uapi/linux/bpf.h).</summary>
[Flags]
public enum MapFlags : uint
{
    None = 0,
    NoPrealloc = 1 << 0,
    ReadOnlyProgram = 1 << 7,
    Mmapable = 1 << 10,
    InnerMap = 1 << 12,
}

/// <summary>Flags of an update (BPF_ANY, BPF_NOEXIST, BPF_EXIST).</summary>
public enum UpdateMode : ulong
{
    Any = 0,
    NoExist = 1,
    Exist = 2,
}
