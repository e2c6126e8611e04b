using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Reads the assembly with its symbols, and those that it refers to from its folder or the runtime's.</summary>
internal sealed class AssemblyLoader : BaseAssemblyResolver
{
    private readonly Dictionary<string, AssemblyDefinition> _loaded = [];
    private readonly ReaderParameters _parameters;

    public AssemblyLoader(string path)
    {
        _parameters = new ReaderParameters
        {
            AssemblyResolver = this,
            ReadSymbols = true,
            SymbolReaderProvider = new DefaultSymbolReaderProvider(throwIfNoSymbol: false),
        };
        AddSearchDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        Main = AssemblyDefinition.ReadAssembly(path, _parameters);
        _loaded.Add(Main.Name.Name, Main);
    }

    public AssemblyDefinition Main { get; }

    public override AssemblyDefinition Resolve(AssemblyNameReference name)
    {
        if (!_loaded.TryGetValue(name.Name, out var assembly))
        {
            assembly = base.Resolve(name, _parameters);
            _loaded.Add(name.Name, assembly);
        }

        return assembly;
    }

    protected override void Dispose(bool disposing)
    {
        foreach (var assembly in _loaded.Values)
        {
            assembly.Dispose();
        }

        base.Dispose(disposing);
    }
}
