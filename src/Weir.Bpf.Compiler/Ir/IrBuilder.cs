namespace Weir.Bpf.Compiler.Ir;

/// <summary>Appends values to blocks of one function: for tests, and for code that makes intermediate form by hand.</summary>
public sealed class IrBuilder(Function function)
{
    public Function Function { get; } = function;

    /// <summary>Where values go. Start with <see cref="NewBlock"/>.</summary>
    public Block Current { get; set; } = null!;

    public SourceLocation? Location { get; set; }

    public Block NewBlock()
    {
        var block = new Block();
        Function.Blocks.Add(block);
        return block;
    }

    public StackSlot NewSlot(string name, int size, int alignment)
    {
        var slot = new StackSlot(name, size, alignment);
        Function.StackSlots.Add(slot);
        return slot;
    }

    public Value Append(Op op, ValueType type, params ReadOnlySpan<Value> operands)
    {
        var value = new Value(op, type) { Block = Current, Location = Location };
        foreach (var operand in operands)
        {
            value.Operands.Add(operand);
        }

        Current.Values.Add(value);
        return value;
    }

    public Value Constant(ValueType type, long immediate)
    {
        var value = Append(Op.Constant, type);
        value.Immediate = type == ValueType.I32 ? (int)immediate : immediate;
        return value;
    }

    public Value Parameter(int index)
    {
        var value = Append(Op.Parameter, Function.Parameters[index].Type);
        value.Immediate = index;
        return value;
    }

    public Value StackAddress(StackSlot slot, long offset = 0)
    {
        var value = Append(Op.StackAddress, ValueType.Pointer);
        value.Symbol = slot;
        value.Immediate = offset;
        return value;
    }

    public Value Map(MapSymbol map)
    {
        var value = Append(Op.MapReference, ValueType.Pointer);
        value.Symbol = map;
        return value;
    }

    public Value MapValue(MapSymbol map, long offset = 0)
    {
        var value = Append(Op.MapValueAddress, ValueType.Pointer);
        value.Symbol = map;
        value.Immediate = offset;
        return value;
    }

    public Value FunctionAddress(Function target)
    {
        var value = Append(Op.FunctionAddress, ValueType.Pointer);
        value.Symbol = target;
        return value;
    }

    /// <summary>An extension, swap or other value with a size in bytes.</summary>
    public Value Convert(Op op, ValueType type, int size, Value operand)
    {
        var value = Append(op, type, operand);
        value.Size = size;
        return value;
    }

    public Value Compare(Comparison comparison, Value left, Value right)
    {
        var value = Append(Op.Compare, ValueType.I32, left, right);
        value.Comparison = comparison;
        return value;
    }

    public Value Load(ValueType type, Value address, long offset, int size)
    {
        var value = Append(Op.Load, type, address);
        value.Immediate = offset;
        value.Size = size;
        return value;
    }

    public Value Store(Value address, long offset, int size, Value stored)
    {
        var value = Append(Op.Store, ValueType.Void, address, stored);
        value.Immediate = offset;
        value.Size = size;
        return value;
    }

    public Value ZeroMemory(Value address, long offset, int size)
    {
        var value = Append(Op.ZeroMemory, ValueType.Void, address);
        value.Immediate = offset;
        value.Size = size;
        return value;
    }

    public Value CopyMemory(Value to, long offset, Value from, long sourceOffset, int size)
    {
        var value = Append(Op.CopyMemory, ValueType.Void, to, from);
        value.Immediate = offset;
        value.Immediate2 = sourceOffset;
        value.Size = size;
        return value;
    }

    public Value CallHelper(int id, ValueType type, params ReadOnlySpan<Value> arguments)
    {
        var value = Append(Op.CallHelper, type, arguments);
        value.Immediate = id;
        return value;
    }

    public Value CallFunction(Function callee, params ReadOnlySpan<Value> arguments)
    {
        var value = Append(Op.CallFunction, callee.ReturnType, arguments);
        value.Symbol = callee;
        return value;
    }

    public void Jump(Block target)
    {
        Append(Op.Jump, ValueType.Void);
        Link(target);
    }

    public void Branch(Comparison comparison, Value left, Value right, Block whenTrue, Block whenFalse)
    {
        Append(Op.Branch, ValueType.Void, left, right).Comparison = comparison;
        Link(whenTrue);
        Link(whenFalse);
    }

    public void Return(Value? value = null)
    {
        if (value is null)
        {
            Append(Op.Return, ValueType.Void);
        }
        else
        {
            Append(Op.Return, ValueType.Void, value);
        }
    }

    private void Link(Block target)
    {
        Current.Successors.Add(target);
        target.Predecessors.Add(Current);
    }
}
