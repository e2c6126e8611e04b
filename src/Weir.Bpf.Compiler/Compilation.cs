using Weir.Bpf.Btf;
using Weir.Bpf.Compiler.Emit;
using Weir.Bpf.Compiler.Ir;
using Weir.Bpf.Compiler.Passes;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Compiler;

/// <summary>From the intermediate form to an object.</summary>
public static class Compilation
{
    /// <summary>Compiles a module. Changes its functions.</summary>
    public static ObjectFile Emit(Module module, CompilerOptions options) => Compile(module, options).Object;

    /// <summary>Compiles a module and says what its functions need. Changes the module's functions.</summary>
    /// <exception cref="InvalidOperationException">The form is malformed.</exception>
    /// <exception cref="RefusedException">A chain of calls needs more stack than there is.</exception>
    public static CompilationResult Compile(Module module, CompilerOptions options)
    {
        PassList.Run(module, options);
        var functions = new Dictionary<Function, MachineFunction>(ReferenceEqualityComparer.Instance);
        var types = new BtfTypes(new BtfBuilder());
        var typeIds = new Dictionary<Function, int>(ReferenceEqualityComparer.Instance);
        var statistics = new List<FunctionStatistics>();
        var costs = new List<ProgramStatistics>();
        var programs = new List<ProgramDefinition>();
        foreach (var program in module.Functions.Where(f => f.Kind == FunctionKind.Program))
        {
            var assembler = new Assembler();
            var order = Reachable(program);
            foreach (var function in order)
            {
                if (!functions.TryGetValue(function, out var machine))
                {
                    functions[function] = machine = ToMachine(function, options);
                    typeIds[function] = types.FunctionOf(function);
                }

                var before = assembler.Instructions.Count;
                assembler.Add(machine);
                if (statistics.All(s => s.Name != function.Name))
                {
                    statistics.Add(new FunctionStatistics(function.Name, assembler.Instructions.Count - before, machine.StackBytes, machine.Spills));
                }
            }

            costs.Add(new ProgramStatistics(program.Name, assembler.Instructions.Count, StackBudget.Check(program, functions)));
            assembler.Resolve();
            programs.Add(new ProgramDefinition(program.Name, program.Section ?? "", [.. assembler.Instructions])
            {
                Relocations = assembler.Relocations,
                Functions = [.. order.Select(f => new FunctionInfo(assembler.Starts[f], typeIds[f]))],
                Lines = Lines(assembler, order, types.Builder, options),
            });
        }

        var maps = module.Maps.Select(map => Define(map, types)).ToArray();
        return new CompilationResult(new ObjectFile { Btf = types.Builder.Build(), Maps = maps, Programs = programs, Layout = module.Layout }, statistics, costs);
    }

    private static MachineFunction ToMachine(Function function, CompilerOptions options)
    {
        var machine = Lowering.Run(function);
        RegisterAllocator.Run(machine);
        MachineCleanup.Run(machine, !options.DisabledPasses.Contains(PassList.EqualBlockMerging));
        StackLayout.Run(machine);
        options.AfterAllocation?.Invoke(machine);
        return machine;
    }

    /// <summary>The function and all that it calls or passes the address of, itself first.</summary>
    private static List<Function> Reachable(Function program)
    {
        var order = new List<Function> { program };
        for (var i = 0; i < order.Count; i++)
        {
            foreach (var value in order[i].Blocks.SelectMany(b => b.Values))
            {
                if (value.Op is Op.CallFunction or Op.FunctionAddress && value.Symbol is Function callee && !order.Contains(callee))
                {
                    order.Add(callee);
                }
            }
        }

        return order;
    }

    private static LineInfo[] Lines(Assembler assembler, List<Function> order, BtfBuilder builder, CompilerOptions options)
    {
        // The kernel wants a line at every function's start, or no lines at all.
        if (!order.All(f => assembler.Lines.Exists(l => l.At == assembler.Starts[f])))
        {
            return [];
        }

        return [.. assembler.Lines.Select(l => builder.AddLine(
            l.At, l.Location.File, options.SourceText?.Invoke(l.Location) ?? "", l.Location.Line, l.Location.Column))];
    }

    private static MapDefinition Define(MapSymbol map, BtfTypes types) =>
        new(map.Name, (MapKind)map.Type, map.KeySize, map.ValueSize, map.MaxEntries)
        {
            Flags = map.Flags,
            KeyTypeId = types.IdOf(map.Value is null ? null : map.Key),
            ValueTypeId = types.IdOf(map.Key is null ? null : map.Value),
            Inner = map.Inner is null ? null : Define(map.Inner, types),
            Data = map.Data,
            IsFrozen = map.Data is not null,
        };
}
