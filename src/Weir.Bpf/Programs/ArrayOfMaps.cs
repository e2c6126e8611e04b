namespace Weir.Bpf.Programs;

/// <summary>
/// An array of maps: BPF_MAP_TYPE_ARRAY_OF_MAPS. Its initialiser's last two arguments describe the inner maps: their most entries (for the
/// template; array maps with <see cref="MapFlags.InnerMap"/> may differ in size) and flags.
/// </summary>
[MapType(12)]
public sealed unsafe class ArrayOfMaps<TInner>(uint maxEntries, MapFlags flags, uint innerMaxEntries, MapFlags innerFlags) : Map(maxEntries, flags)
    where TInner : Map
{
    private readonly TInner?[] _maps = new TInner?[maxEntries];

    public uint InnerMaxEntries { get; } = innerMaxEntries;

    public MapFlags InnerFlags { get; } = innerFlags;

    /// <summary>The inner map, or null where there is none. The compiler treats the result as a pointer that is a map.</summary>
    [Helper(1)]
    public TInner? Lookup(uint* index) => *index < MaxEntries ? _maps[*index] : null;

    /// <inheritdoc cref="Lookup"/>
    public TInner? At(uint index) => Lookup(&index);

    /// <summary>Puts an inner map in place (managed side).</summary>
    public void Set(uint index, TInner? map) => _maps[index] = map;

    /// <inheritdoc/>
    public override void Clear() => Array.Clear(_maps);
}
