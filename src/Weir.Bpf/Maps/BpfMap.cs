using System.Runtime.CompilerServices;
using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Maps;

/// <summary>
/// A map in the kernel, and the owner of its descriptor. Typed views (<see cref="AsHash{TKey, TValue}"/>, …) cost nothing and do not own it.
/// </summary>
public sealed unsafe class BpfMap : IDisposable
{
    private BpfMap(Descriptor descriptor, MapInfo info)
    {
        Descriptor = descriptor;
        Info = info;
    }

    public Descriptor Descriptor { get; }

    /// <summary>What the map is, as the kernel told when it was opened.</summary>
    public MapInfo Info { get; }

    public string Name => Info.Name;

    /// <summary>Number of CPUs that per-CPU maps have values for.</summary>
    public static int PossibleCpus { get; } = CountCpus(File.ReadAllText("/sys/devices/system/cpu/possible"));

    /// <summary>Bytes of a whole value in user space: for per-CPU maps those of all CPUs, each rounded up to 8.</summary>
    public int FullValueSize => IsPerCpu ? (Info.ValueSize + 7) / 8 * 8 * PossibleCpus : Info.ValueSize;

    private bool IsPerCpu => Info.Kind is MapKind.PerCpuArray or MapKind.PerCpuHash or MapKind.LruPerCpuHash;

    /// <summary>Makes a map, writes its data and freezes it where its definition says so.</summary>
    /// <param name="definition">What to make.</param>
    /// <param name="btf">Where its type ids are from, or null.</param>
    public static BpfMap Create(MapDefinition definition, BtfObject? btf = null)
    {
        // The pattern for inner maps has no types: Linux 6.1 takes a map that was made without them for another kind.
        using var inner = definition.Inner == null ? null : Create(definition.Inner);
        var attribute = default(BpfAttribute);
        ref var view = ref attribute.MapCreate;
        view.Kind = (uint)definition.Kind;
        view.KeySize = (uint)definition.KeySize;
        view.ValueSize = (uint)definition.ValueSize;
        view.MaxEntries = definition.MaxEntries;
        view.Flags = definition.Flags;
        using var innerUse = inner == null ? default : inner.Descriptor.Use();
        if (inner != null) view.InnerMap = innerUse.Value;
        using var btfUse = btf == null ? default : btf.Descriptor.Use();
        if (btf != null && definition.ValueTypeId != 0)
        {
            view.Btf = btfUse.Value;
            view.KeyTypeId = (uint)definition.KeyTypeId;
            view.ValueTypeId = (uint)definition.ValueTypeId;
        }
        BpfCall.WriteName(definition.Name, (byte*)Unsafe.AsPointer(ref view.Name[0]));
        var map = Own(BpfCall.Open($"create map '{definition.Name}'", BpfCommand.MapCreate, ref attribute));
        try
        {
            if (definition.Data != null) map.Update(BitConverter.GetBytes(0), definition.Data);
            if (definition.IsFrozen) map.Freeze();
        }
        catch
        {
            map.Dispose();
            throw;
        }
        return map;
    }

    /// <summary>Opens a pinned map.</summary>
    public static BpfMap OpenPinned(string path) => Own(Pin.Open(path));

    /// <summary>Opens a pinned map, or gives null where there is none.</summary>
    public static BpfMap? TryOpenPinned(string path)
    {
        var errno = Pin.TryOpen(path, out var descriptor);
        if (errno == Errno.None) return Own(descriptor);
        return errno == Errno.ENOENT ? null : throw new BpfException($"open pin '{path}'", errno);
    }

    /// <summary>Opens a map by its id, or gives null where it no longer exists.</summary>
    public static BpfMap? TryOpen(uint id)
    {
        var attribute = default(BpfAttribute);
        attribute.Id.Id = id;
        var errno = BpfCall.TryOpen(BpfCommand.MapById, ref attribute, out var descriptor);
        if (errno == Errno.None) return Own(descriptor);
        return errno == Errno.ENOENT ? null : throw new BpfException($"open map {id}", errno);
    }

    /// <summary>The ids of all maps of the system.</summary>
    public static IReadOnlyList<uint> Ids() => BpfCall.Ids(BpfCommand.MapNextId);

    /// <summary>Gives the map a name in a bpffs. Fails with EEXIST where there is one.</summary>
    public void PinTo(string path) => Pin.Add(path, Descriptor);

    /// <summary>No more changes by system calls; the verifier takes the contents of a read-only map for constants then.</summary>
    public void Freeze()
    {
        using var use = Descriptor.Use();
        var attribute = default(BpfAttribute);
        attribute.Element.Map = use.Value;
        BpfCall.Do($"freeze map '{Name}'", BpfCommand.MapFreeze, ref attribute);
    }

    /// <summary>Reads a value: None, or ENOENT. The value's buffer has <see cref="FullValueSize"/> bytes.</summary>
    public Errno TryLookup(ReadOnlySpan<byte> key, Span<byte> value) => Element(BpfCommand.MapLookup, key, value, 0);

    /// <summary>Writes an entry: None, or EEXIST, ENOENT, E2BIG (full), EPERM (frozen).</summary>
    public Errno TryUpdate(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, UpdateMode mode = UpdateMode.Any) =>
        Element(BpfCommand.MapUpdate, key, value, (ulong)mode);

    /// <summary>Writes an entry, or throws.</summary>
    public void Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, UpdateMode mode = UpdateMode.Any) => Check("update", TryUpdate(key, value, mode));

    /// <summary>Deletes an entry: None, or ENOENT.</summary>
    public Errno TryDelete(ReadOnlySpan<byte> key) => Element(BpfCommand.MapDelete, key, default, 0);

    /// <summary>Reads and deletes an entry in one step: None, or ENOENT.</summary>
    public Errno TryTake(ReadOnlySpan<byte> key, Span<byte> value) => Element(BpfCommand.MapLookupAndDelete, key, value, 0);

    /// <summary>The key after this one (empty: the first): None, or ENOENT at the end. After a key that is gone, hash maps begin again at the first.</summary>
    public Errno TryNextKey(ReadOnlySpan<byte> key, Span<byte> next) => Element(BpfCommand.MapNextKey, key, next, 0);

    /// <summary>A view of hash maps (also LRU and longest-prefix-match tries, whose keys are <see cref="LpmKey{TAddress}"/>).</summary>
    public BpfHash<TKey, TValue> AsHash<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(this);

    public BpfArray<TValue> AsArray<TValue>()
        where TValue : unmanaged => new(this);

    /// <summary>A view of per-CPU hash maps.</summary>
    public BpfPerCpuHash<TKey, TValue> AsPerCpuHash<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(this);

    public BpfPerCpuArray<TValue> AsPerCpuArray<TValue>()
        where TValue : unmanaged => new(this);

    /// <summary>A view of arrays (<typeparamref name="TKey"/> uint) and hashes of maps.</summary>
    public BpfMapOfMaps<TKey> AsMapOfMaps<TKey>()
        where TKey : unmanaged => new(this);

    public BpfProgramArray AsProgramArray() => new(this);

    /// <summary>A consumer of the ring buffer. There must be only one at a time.</summary>
    public BpfRingBuffer OpenRingBuffer() => new(this);

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    internal void Require(int keySize, int valueSize, params ReadOnlySpan<MapKind> kinds)
    {
        if (!kinds.Contains(Info.Kind)) throw new InvalidOperationException($"map '{Name}' is of kind {Info.Kind}");
        if (Info.KeySize != keySize) throw new InvalidOperationException($"map '{Name}' has keys of {Info.KeySize} bytes, not {keySize}");
        if (Info.ValueSize != valueSize) throw new InvalidOperationException($"map '{Name}' has values of {Info.ValueSize} bytes, not {valueSize}");
    }

    internal void Check(string operation, Errno errno)
    {
        if (errno != Errno.None) throw new BpfException($"{operation} map '{Name}'", errno);
    }

    internal Errno Batch(BpfCommand command, void* position, void* nextPosition, void* keys, void* values, ref uint count)
    {
        using var use = Descriptor.Use();
        var attribute = default(BpfAttribute);
        attribute.Batch = new() { In = position, Out = nextPosition, Keys = keys, Values = values, Count = count, Map = use.Value };
        var errno = BpfCall.Try(command, ref attribute);
        // The kernel leaves the count alone when it fails before it starts (EFAULT means that even the count could not be written).
        count = errno is Errno.EINVAL or Errno.ENOTSUPP or Errno.EFAULT or Errno.EOPNOTSUPP ? 0 : attribute.Batch.Count;
        return errno;
    }

    private Errno Element(BpfCommand command, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong flags)
    {
        var isKey = command == BpfCommand.MapNextKey;
        if (key.Length != Info.KeySize && !(isKey && key.IsEmpty)) throw new ArgumentException($"map '{Name}' has keys of {Info.KeySize} bytes, not {key.Length}", nameof(key));
        var expected = isKey ? Info.KeySize : command == BpfCommand.MapDelete ? 0 : FullValueSize;
        if (value.Length != expected) throw new ArgumentException($"map '{Name}' has values of {expected} bytes, not {value.Length}", nameof(value));
        using var use = Descriptor.Use();
        fixed (byte* keyPointer = key)
        fixed (byte* valuePointer = value)
        {
            var attribute = default(BpfAttribute);
            attribute.Element = new() { Map = use.Value, Key = keyPointer, Value = valuePointer, Flags = flags };
            return BpfCall.Try(command, ref attribute);
        }
    }

    private static BpfMap Own(Descriptor descriptor)
    {
        try
        {
            return new BpfMap(descriptor, MapInfo.Read(descriptor));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    // "0-3" or "0,2-5": the highest number plus one.
    private static int CountCpus(string list)
    {
        var last = list.AsSpan().Trim();
        return int.Parse(last[(last.LastIndexOfAny(',', '-') + 1)..]) + 1;
    }
}
