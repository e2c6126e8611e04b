using Weir.Bpf.Maps;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Loading;

/// <summary>What an object is loaded with.</summary>
public sealed class LoadOptions
{
    /// <summary>Maps by name that exist already (pinned by an earlier run). They stay the caller's, and must have the definition's kind and sizes.</summary>
    public IReadOnlyDictionary<string, BpfMap> Maps { get; init; } = new Dictionary<string, BpfMap>();

    /// <summary>Other numbers of entries than the object has.</summary>
    public IReadOnlyDictionary<string, uint> MaxEntries { get; init; } = new Dictionary<string, uint>();

    /// <summary>Contents of data maps (constants), in place of the object's; exactly as long.</summary>
    public IReadOnlyDictionary<string, byte[]> Data { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Which programs are loaded; null: all. Maps that no loaded program uses are made all the same.</summary>
    public Func<ProgramDefinition, bool>? Programs { get; init; }

    /// <summary>What the kernel is told; many helpers ask for a licence that is compatible with the GPL.</summary>
    public string License { get; init; } = "GPL";
}
