using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>One run of the front end: the module that grows, and the functions that are still to be decoded.</summary>
internal sealed class ModuleDecoder
{
    private const int MostArguments = 5;

    private readonly Diagnostics _diagnostics;
    private readonly Dictionary<string, Function> _functions = [];
    private readonly Queue<(ClosedMethod Method, Function Function)> _waiting = new();
    private readonly HashSet<string> _names = [];

    public ModuleDecoder(AssemblyDefinition assembly, Diagnostics diagnostics, string? sourceRoot)
    {
        Assembly = assembly;
        _diagnostics = diagnostics;
        Sources = new SourceMap(sourceRoot);
        Statics = new StaticFields(Types, Module);
    }

    public AssemblyDefinition Assembly { get; }

    public Module Module { get; } = new();

    public TypeSystem Types { get; } = new();

    public SourceMap Sources { get; }

    public StaticFields Statics { get; }

    public Module Run(Func<string, bool>? isWanted)
    {
        var programs = new List<(MethodDefinition Method, string Section)>();
        foreach (var method in Assembly.MainModule.GetTypes().SelectMany(t => t.Methods))
        {
            if (TypeSystem.Attribute(method, "ProgramAttribute") is { } attribute && isWanted?.Invoke(method.Name) != false)
            {
                programs.Add((method, (string)attribute.ConstructorArguments[0].Value));
            }
        }

        foreach (var (method, section) in programs)
        {
            AddProgram(method, section);
        }

        while (_waiting.TryDequeue(out var next))
        {
            new FunctionDecoder(this, next.Function).Decode(next.Method);
        }

        CheckCallGraph();
        Module.Layout = LayoutFingerprint.Of(Assembly);
        return Module;
    }

    public void Report(SourceLocation? location, string message) => _diagnostics.Report(location, message);

    /// <summary>The function for a method that is not inlined; decoded later.</summary>
    public Function FunctionFor(ClosedMethod method, FunctionKind kind)
    {
        if (_functions.TryGetValue(method.Key, out var known))
        {
            return known;
        }

        var definition = method.Definition;
        if (!definition.IsStatic || !definition.HasBody)
        {
            throw new Refusal($"{method.DisplayName} is not a static method with a body");
        }

        if (definition.Parameters.Count > MostArguments)
        {
            throw new Refusal($"{method.DisplayName} has {definition.Parameters.Count} parameters; a function that is not inlined has at most {MostArguments}");
        }

        var function = new Function(UniqueName(definition)) { Kind = kind, Location = LocationOf(definition) };
        var arguments = method.ArgumentTypes();
        for (var i = 0; i < arguments.Count; i++)
        {
            var parameterKind = Types.Classify(arguments[i]);
            if (parameterKind.IsStruct)
            {
                throw new Refusal($"{method.DisplayName} takes a struct by value; a function that is not inlined takes it by pointer");
            }

            function.Parameters.Add(new Parameter(definition.Parameters[i].Name, parameterKind.Type, Types.Describe(arguments[i])));
        }

        var returns = Types.Classify(method.ReturnType);
        if (returns.IsStruct)
        {
            throw new Refusal($"{method.DisplayName} returns a struct; a function that is not inlined returns a scalar");
        }

        function.ReturnType = returns.Type;
        function.ReturnDescription = returns.IsVoid ? null : Types.Describe(method.ReturnType);
        _functions.Add(method.Key, function);
        Module.Functions.Add(function);
        _waiting.Enqueue((method, function));
        return function;
    }

    private void AddProgram(MethodDefinition method, string section)
    {
        try
        {
            if (method.Parameters is not [{ ParameterType: PointerType { ElementType: var context } }] || method.ReturnType.MetadataType != MetadataType.Int32)
            {
                throw new Refusal($"the program {method.Name} is not of the form static int {method.Name}(TContext* context)");
            }

            if (method.HasGenericParameters || method.DeclaringType.HasGenericParameters)
            {
                throw new Refusal($"the program {method.Name} is generic");
            }

            Types.AddContext(context);
            FunctionFor(new ClosedMethod(method, GenericContext.Empty), FunctionKind.Program).Section = section;
        }
        catch (Refusal refusal)
        {
            Report(LocationOf(method), refusal.Message);
        }
    }

    private SourceLocation? LocationOf(MethodDefinition method) => method.HasBody ? Sources.StatementAt(method, 0) : null;

    private string UniqueName(MethodDefinition method)
    {
        var name = TypeSystem.Identifier(method.Name);
        if (_names.Contains(name))
        {
            name = TypeSystem.Identifier($"{method.DeclaringType.Name}_{method.Name}");
        }

        var unique = name;
        for (var i = 2; !_names.Add(unique); i++)
        {
            unique = $"{name}_{i}";
        }

        return unique;
    }

    /// <summary>Functions that call each other in a circle have no bound on their stack.</summary>
    private void CheckCallGraph()
    {
        var done = new HashSet<Function>();
        var open = new HashSet<Function>();
        foreach (var function in Module.Functions)
        {
            Visit(function);
        }

        void Visit(Function function)
        {
            if (done.Contains(function))
            {
                return;
            }

            if (!open.Add(function))
            {
                Report(function.Location, $"{function.Name} calls itself: recursion is not supported");
                return;
            }

            foreach (var value in function.Blocks.SelectMany(b => b.Values))
            {
                if (value.Symbol is Function called)
                {
                    Visit(called);
                }
            }

            open.Remove(function);
            done.Add(function);
        }
    }
}
