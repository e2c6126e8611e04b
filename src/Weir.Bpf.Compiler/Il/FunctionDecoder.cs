using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Fills one function: its method, and all that is inlined into it.</summary>
internal sealed class FunctionDecoder
{
    /// <summary>Calls that nest deeper are taken for a generic method that calls itself with ever larger types.</summary>
    private const int MostNesting = 100;

    private readonly HashSet<string> _open = [];
    private int _slots;

    public FunctionDecoder(ModuleDecoder owner, Function function)
    {
        Owner = owner;
        Function = function;
        Ir = new IrBuilder(function);
        Ssa = new SsaBuilder(function)
        {
            OnMismatch = (value, type) => new Refusal(
                type == ValueType.Pointer ? "an integer becomes a pointer" : value.Type == ValueType.Pointer ? "a pointer becomes an integer" : "integers of two widths meet"),
        };
    }

    public ModuleDecoder Owner { get; }

    public Function Function { get; }

    public IrBuilder Ir { get; }

    public SsaBuilder Ssa { get; }

    public void Decode(ClosedMethod method)
    {
        Ir.NewBlock();
        Ir.Current = Function.Blocks[0];
        Ssa.Seal(Ir.Current);
        var arguments = new List<Item>();
        for (var i = 0; i < Function.Parameters.Count; i++)
        {
            arguments.Add(new Item(Ir.Parameter(i)));
        }

        var result = Inline(method, arguments, null);
        if (Function.ReturnType == ValueType.Void)
        {
            Ir.Return();
        }
        else
        {
            Ir.Return(result is { Struct: null } item && item.Value.Type == Function.ReturnType ? item.Value : Ir.Constant(Function.ReturnType, 0));
        }

        Ssa.Finish();
        RemoveUnreachable();
    }

    /// <summary>Decodes a method's body in place. The result is what it returns.</summary>
    public Item? Inline(ClosedMethod method, IReadOnlyList<Item> arguments, MethodDecoder? caller)
    {
        if (!_open.Add(method.Key))
        {
            throw new Refusal($"{method.DisplayName} calls itself: recursion is not supported");
        }

        if (_open.Count > MostNesting)
        {
            _open.Remove(method.Key);
            throw new Refusal($"more than {MostNesting} calls nest inside of each other at {method.DisplayName}");
        }

        var location = Ir.Location;
        try
        {
            return new MethodDecoder(this, method, caller).Decode(arguments);
        }
        finally
        {
            Ir.Location = location;
            _open.Remove(method.Key);
        }
    }

    /// <summary>New stack bytes for a value of the type.</summary>
    public StackSlot NewSlot(string name, TypeReference type) =>
        Ir.NewSlot($"{name}_{_slots++}", Owner.Types.SizeOf(type), Owner.Types.AlignmentOf(type));

    public StackSlot NewSlot(string name, int size, int alignment) => Ir.NewSlot($"{name}_{_slots++}", size, alignment);

    private void RemoveUnreachable()
    {
        var reachable = Dominators.ReversePostorder(Function).ToHashSet();
        foreach (var block in Function.Blocks.Where(reachable.Contains))
        {
            for (var i = block.Predecessors.Count - 1; i >= 0; i--)
            {
                if (!reachable.Contains(block.Predecessors[i]))
                {
                    block.Predecessors.RemoveAt(i);
                    foreach (var phi in block.Values.TakeWhile(v => v.Op == Op.Phi))
                    {
                        phi.Operands.RemoveAt(i);
                    }
                }
            }
        }

        Function.Blocks.RemoveAll(b => !reachable.Contains(b));
    }
}
