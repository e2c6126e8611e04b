using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>
/// Decodes one method's IL in place: into the function that it is, or that it is inlined into. This file has the way through the blocks and the
/// evaluation stack; the others have the instructions by family.
/// </summary>
internal sealed partial class MethodDecoder
{
    private readonly FunctionDecoder _function;
    private readonly ClosedMethod _method;
    private readonly MethodDecoder? _caller;
    private readonly IList<Instruction> _code;
    private readonly SourceLocation?[] _locations;
    private readonly List<Item> _stack = [];
    private readonly Dictionary<(int Depth, string Type), StackSlot> _mergeSlots = [];
    private readonly TypeReference _returnType;
    private readonly TypeKind _returnKind;
    private Home[] _arguments = [];
    private Home[] _locals = [];
    private Flow _flow = null!;
    private Dictionary<int, Flow> _flowAt = [];
    private int _index;
    private bool _isVolatile;
    private bool _failed;

    // What the method returns: one return gives its item, several meet in a block.
    private bool _hasManyReturns;
    private Block? _end;
    private Item? _result;
    private Variable? _resultVariable;
    private StackSlot? _resultSlot;

    public MethodDecoder(FunctionDecoder function, ClosedMethod method, MethodDecoder? caller)
    {
        _function = function;
        _method = method;
        _caller = caller;
        _code = method.Definition.Body.Instructions;
        _locations = function.Owner.Sources.LocationsOf(method.Definition);
        _returnType = method.ReturnType;
        _returnKind = Types.Classify(_returnType);
    }

    private IrBuilder Ir => _function.Ir;

    private SsaBuilder Ssa => _function.Ssa;

    private TypeSystem Types => _function.Owner.Types;

    private Instruction Instruction => _code[_index];

    /// <summary>Decodes the body from the current block on; afterwards the current block is where it returned.</summary>
    public Item? Decode(IReadOnlyList<Item> arguments)
    {
        if (_method.Definition.Body.HasExceptionHandlers)
        {
            _index = Math.Max(0, _code.IndexOf(_method.Definition.Body.ExceptionHandlers[0].TryStart));
            while (_index < _code.Count - 1 && Instruction.OpCode.Code == Code.Nop)
            {
                _index++;
            }

            Report("exception handling (try, using, lock, foreach over an enumerator) is not supported");
            return Dummy();
        }

        var flows = Flow.Of(_method.Definition.Body);
        _flowAt = flows.ToDictionary(f => f.Start);
        Enter(arguments);
        PrepareReturns(flows);
        if (flows[0].Predecessors.Count == 0)
        {
            flows[0].Block = Ir.Current;
        }
        else
        {
            Ir.Jump(flows[0].Block);
            Ir.Function.Blocks.Add(flows[0].Block);
        }

        foreach (var flow in flows)
        {
            try
            {
                Begin(flow, isEntry: flow == flows[0]);
                DecodeBlock(flow);
                flow.IsDecoded = true;
                foreach (var successor in flow.Successors)
                {
                    SealIfComplete(successor);
                }
            }
            catch (Refusal refusal)
            {
                // Values of several types meet where ways meet.
                Report(refusal.Message);
            }
        }

        return Leave();
    }

    /// <summary>Reports at the innermost place that belongs to the assembly being compiled.</summary>
    private void Report(string message)
    {
        _failed = true;
        var decoder = this;
        while (decoder._caller is not null && decoder._method.Definition.Module.Assembly != _function.Owner.Assembly)
        {
            decoder = decoder._caller;
        }

        _function.Owner.Report(
            decoder._locations.Length > 0 ? decoder._locations[decoder._index] : null,
            decoder == this ? message : $"{message} (in {_method.DisplayName})");
    }

    private static void SealIfCompleteCore(Flow flow, SsaBuilder ssa)
    {
        if (flow.Predecessors.All(p => p.IsDecoded))
        {
            ssa.Seal(flow.Block);
        }
    }

    private void SealIfComplete(Flow flow) => SealIfCompleteCore(flow, Ssa);

    private void PrepareReturns(List<Flow> flows)
    {
        _hasManyReturns = flows.Count(f => _code[f.End - 1].OpCode.Code == Code.Ret) > 1;
        if (!_hasManyReturns)
        {
            return;
        }

        _end = new Block();
        if (_returnKind.IsStruct)
        {
            _resultSlot = _function.NewSlot(_method.Definition.Name, _returnType);
        }
        else if (!_returnKind.IsVoid)
        {
            _resultVariable = new Variable("result", _returnKind.Type);
        }
    }

    private Item? Leave()
    {
        if (_end is null)
        {
            // It never returns: what follows cannot be reached.
            _end = new Block();
            Ir.Function.Blocks.Add(_end);
            Ssa.Seal(_end);
            Ir.Current = _end;
            return Dummy();
        }

        if (!_hasManyReturns)
        {
            Ir.Current = _end;
            return _result;
        }

        Ir.Function.Blocks.Add(_end);
        Ssa.Seal(_end);
        Ir.Current = _end;
        return _resultSlot is not null ? new Item(Ir.StackAddress(_resultSlot), _returnType)
            : _resultVariable is not null ? ItemOf(_returnType, Ssa.Read(_resultVariable, _end))
            : null;
    }

    /// <summary>A value of the method's return type for when decoding has failed, or what follows cannot be reached.</summary>
    private Item? Dummy()
    {
        if (_returnKind.IsVoid)
        {
            return null;
        }

        return _returnKind.IsStruct
            ? new Item(Ir.StackAddress(_function.NewSlot("none", _returnType)), _returnType)
            : new Item(Ir.Constant(_returnKind.Type, 0));
    }

    private void Begin(Flow flow, bool isEntry)
    {
        _flow = flow;
        _stack.Clear();
        if (!isEntry)
        {
            Ir.Function.Blocks.Add(flow.Block);
        }

        Ir.Current = flow.Block;
        if (flow.Entries.Count == 0)
        {
            return;
        }

        var depth = flow.Entries.Min(e => e.Items.Length);
        if (depth > 0 && !flow.Predecessors.All(p => p.IsDecoded))
        {
            Report("a loop begins inside of an expression");
            return;
        }

        for (var i = 0; i < depth; i++)
        {
            _stack.Add(Merge(flow, i));
        }
    }

    private Item Merge(Flow flow, int depth)
    {
        var first = flow.Entries[0].Items[depth];
        if (first.Struct is not null)
        {
            return new Item(Ir.StackAddress(MergeSlot(depth, first.Struct)), first.Struct) { IsBorrowed = true };
        }

        var items = flow.Entries.Select(e => (e.From, Item: e.Items[depth])).ToArray();
        var type = items.Any(i => i.Item.Value.Type == ValueType.Pointer) ? ValueType.Pointer : first.Value.Type;
        var variable = new Variable("stack", type);
        foreach (var (from, item) in items)
        {
            Ssa.Write(variable, from, item.Value);
        }

        return new Item(Ssa.Read(variable, flow.Block)) { IsContext = items.All(i => i.Item.IsContext), IsToNative = items.All(i => i.Item.IsToNative) };
    }

    private StackSlot MergeSlot(int depth, TypeReference type)
    {
        if (!_mergeSlots.TryGetValue((depth, type.FullName), out var slot))
        {
            _mergeSlots.Add((depth, type.FullName), slot = _function.NewSlot("merge", type));
        }

        return slot;
    }

    private void DecodeBlock(Flow flow)
    {
        _index = flow.Start;
        while (_index < flow.End)
        {
            Ir.Location = _locations[_index];
            try
            {
                Decode(Instruction);
                _index++;
            }
            catch (Refusal refusal)
            {
                // What is made to be thrown is refused as that.
                Report(_code[flow.End - 1].OpCode.Code == Code.Throw && _locations[flow.End - 1] == _locations[_index] ? ReasonFor(Code.Throw) : refusal.Message);
                if (Opcodes.EndsBlock(Instruction))
                {
                    break;
                }

                // Goes on with the next statement: the stack is empty there.
                _stack.Clear();
                var failed = _locations[_index];
                do
                {
                    _index++;
                }
                while (_index < flow.End && ReferenceEquals(_locations[_index], failed) && !Opcodes.EndsBlock(Instruction));
            }
        }

        _index = Math.Min(_index, flow.End - 1);
        if (Ir.Current.Terminator is null && !Opcodes.EndsBlock(_code[flow.End - 1]))
        {
            Goto(flow.Successors[^1]);
        }
    }

    /// <summary>Notes the stack for a successor.</summary>
    private void NoteStack(params ReadOnlySpan<Flow> successors)
    {
        for (var i = 0; i < _stack.Count; i++)
        {
            if (_stack[i].Struct is { } type)
            {
                var slot = MergeSlot(i, type);
                CopyStruct(Ir.StackAddress(slot), 0, _stack[i]);
                _stack[i] = new Item(Ir.StackAddress(slot), type) { IsBorrowed = true };
            }
        }

        foreach (var successor in successors)
        {
            successor.Entries.Add((Ir.Current, [.. _stack]));
        }
    }

    private void Goto(Flow target)
    {
        NoteStack(target);
        Ir.Jump(target.Block);
    }

    /// <summary>A value of a C# type, with what is known of where it leads.</summary>
    private Item ItemOf(TypeReference type, Value value) =>
        new(value) { IsContext = Types.IsContextPointer(type), IsToNative = TypeSystem.IsNativePointer(type) };

    private void Push(Item item) => _stack.Add(item);

    private void Push(Value value) => _stack.Add(new Item(value));

    private Item Pop()
    {
        if (_stack.Count == 0)
        {
            return _failed ? new Item(Ir.Constant(ValueType.I32, 0)) : throw new Refusal("the evaluation stack is empty");
        }

        var item = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return item with { Value = Ssa.Current(item.Value) };
    }

    private Value PopValue()
    {
        var item = Pop();
        return item.Struct is null ? item.Value : throw new Refusal("a struct is used as a scalar");
    }

    private Item[] PopArguments(int count)
    {
        var arguments = new Item[count];
        for (var i = count - 1; i >= 0; i--)
        {
            arguments[i] = Pop();
        }

        return arguments;
    }

    /// <summary>Copies the structs on the stack that are still only borrowed: something is about to be written.</summary>
    private void Settle()
    {
        for (var i = 0; i < _stack.Count; i++)
        {
            if (_stack[i] is { IsBorrowed: true, Struct: { } type } item)
            {
                var slot = _function.NewSlot("copy", type);
                CopyStruct(Ir.StackAddress(slot), 0, item);
                _stack[i] = new Item(Ir.StackAddress(slot), type);
            }
        }
    }

    private TypeReference TypeOperand() => _method.Generics.Close((TypeReference)Instruction.Operand);
}
