using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.DataPath;
using Weir.Model.Rules;

namespace Weir.Control.Instances;

/// <summary>The counters of rules and policies, in chunks that are made when they are needed.</summary>
public sealed partial class Instance
{
    // Slots are read by pages: a command seldom needs more than the lowest.
    private const int PageShift = 6;
    private const uint PageSize = 1 << PageShift;

    private readonly Dictionary<int, Counters[]> _pages = [];
    private readonly Dictionary<uint, BpfMap?> _chunks = [];

    /// <summary>What the data path has counted in a slot, over all processors; nothing where the slot's chunk has not been made. Read anew after <see cref="ForgetCounters"/>.</summary>
    public Counters CountedIn(int slot)
    {
        var page = slot >> PageShift;
        if (!_pages.TryGetValue(page, out var counters)) _pages.Add(page, counters = ReadPage(page));
        var index = slot & (int)PageSize - 1;
        return index < counters.Length ? counters[index] : default;
    }

    /// <summary>Lets the next reading see the present counts.</summary>
    public void ForgetCounters()
    {
        _pages.Clear();
        CloseChunks();
    }

    /// <summary>Makes the chunks up to that of the highest slot in use.</summary>
    public void EnsureCounters(int highest)
    {
        var chunks = Map(nameof(Maps.Counters)).AsMapOfMaps<uint>();
        for (uint chunk = 0; chunk <= (uint)highest >> Counter.ChunkShift; chunk++)
        {
            if (chunks.TryGetId(chunk) is not null) continue;
            using var map = BpfMap.Create(new("counters", MapKind.PerCpuArray, 4, 16, Counter.ChunkSize));
            chunks.Set(chunk, map);
        }
    }

    private Counters[] ReadPage(int page)
    {
        var first = (uint)page << PageShift;
        var chunk = first >> Counter.ChunkShift;
        if (!_chunks.TryGetValue(chunk, out var map)) _chunks.Add(chunk, map = Map(nameof(Maps.Counters)).AsMapOfMaps<uint>().TryOpen(chunk));
        if (map is null) return [];
        var values = map.AsPerCpuArray<Counter>().GetMany(first & Counter.ChunkSize - 1, PageSize);
        var processors = BpfMap.PossibleCpus;
        var result = new Counters[values.Length / processors];
        for (var i = 0; i < values.Length; i++) result[i / processors] += new Counters(values[i].Packets, values[i].Bytes);
        return result;
    }

    private void CloseChunks()
    {
        foreach (var map in _chunks.Values) map?.Dispose();
        _chunks.Clear();
    }
}
