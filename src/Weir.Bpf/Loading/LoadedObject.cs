using Weir.Bpf.Maps;

namespace Weir.Bpf.Loading;

/// <summary>Maps and programs of an object that is loaded. Pin or attach what is to stay after <see cref="Dispose"/>.</summary>
public sealed class LoadedObject : IDisposable
{
    private readonly List<IDisposable> _owned;

    internal LoadedObject(Dictionary<string, BpfMap> maps, Dictionary<string, BpfProgram> programs, List<IDisposable> owned)
    {
        Maps = maps;
        Programs = programs;
        _owned = owned;
    }

    public IReadOnlyDictionary<string, BpfMap> Maps { get; }

    public IReadOnlyDictionary<string, BpfProgram> Programs { get; }

    /// <summary>Closes all descriptors, apart from those of maps that the caller gave.</summary>
    public void Dispose()
    {
        foreach (var item in _owned) item.Dispose();
    }
}
