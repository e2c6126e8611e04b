using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;

namespace Weir.Control.Instances;

/// <summary>
/// The programs of an instance, by the names of their pins. Verification is most of what the first command takes, so only what every device needs is loaded
/// with the instance; the rest is when it is first asked for, with the maps that are pinned.
/// </summary>
internal sealed class PinnedPrograms(string pins, ulong fingerprint) : IDisposable
{
    private readonly Dictionary<string, BpfProgram> _programs = [];

    /// <summary>Whether the program is loaded when the instance is made.</summary>
    public static bool IsAlwaysNeeded(ProgramDefinition program) => program.Name is "Ingress" or "Egress";

    /// <summary>The name of a program's pin (bpffs reserves names with dots): the method's, or for socket hooks, of which there is one each, that of their place.</summary>
    public static string PinNameOf(ProgramDefinition program) =>
        program.Section.StartsWith("cgroup/", StringComparison.Ordinal) ? program.Section.Replace('/', '-') : program.Name;

    /// <summary>Opens a program, and loads it first where that has not been done. The caller holds the lock.</summary>
    public BpfProgram Get(string name)
    {
        if (TryGet(name) is { } known) return known;
        Load([name]);
        return TryGet(name)!;
    }

    /// <summary>Loads those programs that are not. The caller holds the lock.</summary>
    public void Load(IEnumerable<string> names)
    {
        var missing = names.Where(name => !File.Exists(PathOf(name))).ToHashSet();
        if (missing.Count == 0) return;
        if (fingerprint != DataPathObject.Fingerprint) throw new InstanceException($"what is loaded is of another build, without {string.Join(", ", missing)}: see weir down");
        var file = DataPathObject.Load();
        using var loaded = Load(file, missing);
        foreach (var (name, program) in ByPinName(file, loaded)) program.PinTo(PathOf(name));
    }

    /// <summary>Loads this build's programs of the names that are pinned, has them attached, and pins them in place of those of another build. The caller holds the lock.</summary>
    public void Exchange(Action<Func<string, BpfProgram?>> attach)
    {
        var file = DataPathObject.Load();
        using var loaded = Load(file, Directory.EnumerateFiles($"{pins}/programs").Select(path => Path.GetFileName(path)).ToHashSet());
        var programs = ByPinName(file, loaded).ToDictionary();
        attach(programs.GetValueOrDefault);
        foreach (var (name, program) in programs)
        {
            Pin.Remove(PathOf(name));
            program.PinTo(PathOf(name));
        }
    }

    /// <summary>Opens a program that is loaded, or gives null.</summary>
    public BpfProgram? TryGet(string name)
    {
        if (_programs.TryGetValue(name, out var program)) return program;
        program = BpfProgram.TryOpenPinned(PathOf(name));
        if (program is not null) _programs.Add(name, program);
        return program;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var program in _programs.Values) program.Dispose();
    }

    private static IEnumerable<(string Name, BpfProgram Program)> ByPinName(ObjectFile file, LoadedObject loaded) =>
        file.Programs.Where(definition => loaded.Programs.ContainsKey(definition.Name)).Select(definition => (PinNameOf(definition), loaded.Programs[definition.Name]));

    /// <summary>Loads programs by their pins' names, with the maps that are pinned; those that are not, of a newer build, are made and pinned.</summary>
    private LoadedObject Load(ObjectFile file, HashSet<string> names)
    {
        var maps = new Dictionary<string, BpfMap>();
        try
        {
            foreach (var definition in file.Maps)
            {
                if (BpfMap.TryOpenPinned(MapPathOf(definition.Name)) is { } map) maps.Add(definition.Name, map);
            }
            var loaded = Loader.Load(file, new() { Maps = maps, Programs = program => names.Contains(PinNameOf(program)) });
            foreach (var (name, map) in loaded.Maps)
            {
                if (!maps.ContainsKey(name)) map.PinTo(MapPathOf(name));
            }
            return loaded;
        }
        finally
        {
            foreach (var map in maps.Values) map.Dispose();
        }
    }

    private string PathOf(string name) => $"{pins}/programs/{name}";

    private string MapPathOf(string name) => $"{pins}/maps/{name}";
}
