using System.Reflection;
using System.Runtime.Loader;
using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>The programs of an assembly: its own code, and what the compiler makes of it.</summary>
internal sealed unsafe class ProgramSet
{
    private readonly Dictionary<string, MethodInfo> _methods;
    private readonly Dictionary<string, Map> _maps = [];

    /// <summary>Compiles an assembly of which nothing is refused.</summary>
    public ProgramSet(string assemblyPath, IReadOnlyCollection<string>? disabledPasses = null, bool checksPasses = true)
    {
        var diagnostics = new Diagnostics();
        var module = FrontEnd.Compile(assemblyPath, diagnostics, Repository.Root);
        if (diagnostics.HasErrors)
        {
            throw new InvalidOperationException(string.Join('\n', diagnostics.Errors.Take(5)));
        }

        Object = Compilation.Emit(module, new CompilerOptions
        {
            DisabledPasses = (disabledPasses ?? []).ToHashSet(),
            ChecksPasses = checksPasses,
            SourceText = new SourceLines(Repository.Root).TextOf,
        });
        var types = new AssemblyLoadContext(assemblyPath, isCollectible: true).LoadFromAssemblyPath(assemblyPath).GetTypes();
        _methods = types.SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(m => m.GetCustomAttribute<ProgramAttribute>() is not null)
            .ToDictionary(m => m.Name);
        foreach (var field in types.SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)))
        {
            if (typeof(Map).IsAssignableFrom(field.FieldType) && field.FieldType.GetGenericTypeDefinition() != typeof(Constants<>))
            {
                _maps.Add(field.Name, (Map)field.GetValue(null)!);
            }
        }
    }

    public ObjectFile Object { get; }

    public IEnumerable<string> Names => Object.Programs.Select(p => p.Name);

    /// <summary>The maps that a program names, apart from constants.</summary>
    private IEnumerable<MapDefinition> MapsOf(string program)
    {
        var names = Object.Program(program).Relocations.Select(r => r.Target).ToHashSet();
        return Object.Maps.Where(m => names.Contains(m.Name) && _maps.ContainsKey(m.Name));
    }

    /// <summary>Loads one program, with maps of its own.</summary>
    public LoadedObject Load(string program) => Loader.Load(Object, new LoadOptions { Programs = p => p.Name == program });

    /// <summary>Forgets what managed runs have left in maps.</summary>
    public void ClearManagedMaps()
    {
        foreach (var map in _maps.Values)
        {
            map.Clear();
        }
    }

    /// <summary>Runs the C# itself.</summary>
    public Outcome RunManaged(string program, byte[] packet, SkBuff context)
    {
        using var managed = new ManagedPacket(packet);
        context.Length = (uint)packet.Length;
        *managed.Context = context;
        var method = (delegate*<SkBuff*, int>)_methods[program].MethodHandle.GetFunctionPointer();
        var result = method(managed.Context);
        return new Outcome(result, Convert.ToHexString(managed.Bytes), Outcome.Describe(*managed.Context),
            string.Join('\n', MapsOf(program).Select(m => MapContents.OfManaged(m, _maps[m.Name]))));
    }

    /// <summary>Runs what the compiler made, in the kernel.</summary>
    public Outcome RunInKernel(LoadedObject loaded, string program, byte[] packet, SkBuff context)
    {
        var run = loaded.Programs[program].Run(packet, ref context);
        return new Outcome(run.Result, Convert.ToHexString(run.Data), Outcome.Describe(context),
            string.Join('\n', MapsOf(program).Select(m => MapContents.OfKernel(m, loaded.Maps[m.Name]))));
    }
}

/// <summary>What a run has left: its result, the packet, the context's writable fields, all maps.</summary>
internal sealed record Outcome(int Result, string Packet, string Context, string Maps)
{
    public static unsafe string Describe(SkBuff context) =>
        $"mark {context.Mark} priority {context.Priority} cb {context.ControlBlock[0]} {context.ControlBlock[1]} {context.ControlBlock[2]} {context.ControlBlock[3]} {context.ControlBlock[4]}";
}
