using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.DataPath;
using Weir.Model.Rules;

namespace Weir.Control.Instances;

/// <summary>The counters of rules and policies, in chunks that are made when they are needed.</summary>
public sealed partial class Instance
{
    private readonly Dictionary<uint, Counters[]> _chunks = [];

    /// <summary>What the data path has counted in a slot, over all processors; nothing where the slot's chunk has not been made. Read anew after <see cref="ForgetCounters"/>.</summary>
    public Counters CountedIn(int slot)
    {
        var chunk = (uint)slot >> Counter.ChunkShift;
        if (!_chunks.TryGetValue(chunk, out var counters)) _chunks.Add(chunk, counters = ReadChunk(chunk));
        var index = slot & Counter.ChunkSize - 1;
        return index < counters.Length ? counters[index] : default;
    }

    /// <summary>Lets the next reading see the present counts.</summary>
    public void ForgetCounters() => _chunks.Clear();

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

    private Counters[] ReadChunk(uint chunk)
    {
        using var map = Map(nameof(Maps.Counters)).AsMapOfMaps<uint>().TryOpen(chunk);
        if (map is null) return [];
        var values = map.AsPerCpuArray<Counter>().ToArray();
        var processors = BpfMap.PossibleCpus;
        var result = new Counters[values.Length / processors];
        for (var i = 0; i < values.Length; i++)
        {
            result[i / processors] += new Counters(values[i].Packets, values[i].Bytes);
        }
        return result;
    }
}
