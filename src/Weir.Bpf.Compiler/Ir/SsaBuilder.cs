namespace Weir.Bpf.Compiler.Ir;

/// <summary>A variable that becomes SSA values.</summary>
public sealed class Variable(string name, ValueType type)
{
    public string Name { get; } = name;

    public ValueType Type { get; } = type;

    /// <summary>Its value at the end of a block (so far).</summary>
    internal Dictionary<Block, Value> Definitions { get; } = [];
}

/// <summary>
/// Makes SSA form while blocks are filled (Braun, Buchwald, Hack, Leißa, Mallon, Zwinkau: Simple and Efficient Construction of Static Single
/// Assignment Form, 2013). A block is sealed when no more predecessors will come. What was never written reads as zero.
/// </summary>
public sealed class SsaBuilder(Function function)
{
    private readonly HashSet<Block> _sealed = [];
    private readonly Dictionary<Block, List<(Variable Variable, Value Phi)>> _incomplete = [];
    private readonly Dictionary<Value, Value> _replaced = new(ReferenceEqualityComparer.Instance);
    private readonly List<Value> _phis = [];

    /// <summary>Whether a value may become an operand of a phi of another type; constants always may. Null: never.</summary>
    public Func<Value, ValueType, Exception>? OnMismatch { get; set; }

    public void Write(Variable variable, Block block, Value value) => variable.Definitions[block] = value;

    public Value Read(Variable variable, Block block)
    {
        if (variable.Definitions.TryGetValue(block, out var known))
        {
            return Current(known);
        }

        Value value;
        if (!_sealed.Contains(block))
        {
            value = NewPhi(variable, block);
            if (!_incomplete.TryGetValue(block, out var list))
            {
                _incomplete.Add(block, list = []);
            }

            list.Add((variable, value));
        }
        else if (block.Predecessors.Count == 0)
        {
            value = new Value(Op.Constant, variable.Type) { Block = block };
            block.Values.Insert(0, value);
        }
        else if (block.Predecessors.Count == 1)
        {
            value = Read(variable, block.Predecessors[0]);
        }
        else
        {
            var phi = NewPhi(variable, block);
            variable.Definitions[block] = phi;
            value = Complete(variable, phi);
        }

        variable.Definitions[block] = value;
        return value;
    }

    /// <summary>No more predecessors come.</summary>
    public void Seal(Block block)
    {
        if (!_sealed.Add(block))
        {
            return;
        }

        if (_incomplete.Remove(block, out var phis))
        {
            foreach (var (variable, phi) in phis)
            {
                Complete(variable, phi);
            }
        }
    }

    /// <summary>What stands for a value now that phis have been removed.</summary>
    public Value Current(Value value)
    {
        while (_replaced.TryGetValue(value, out var next))
        {
            value = next;
        }

        return value;
    }

    /// <summary>Lets another value stand for this one, which leaves its block.</summary>
    public void Replace(Value value, Value with)
    {
        _replaced[value] = with;
        value.Block?.Values.Remove(value);
    }

    /// <summary>Removes phis that are not needed and puts the values that stand for removed ones in place. Seal all blocks first.</summary>
    public void Finish()
    {
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var phi in _phis)
            {
                changed |= !_replaced.ContainsKey(phi) && Current(Simplify(phi)) != phi;
            }
        }

        foreach (var block in function.Blocks)
        {
            foreach (var value in block.Values)
            {
                for (var i = 0; i < value.Operands.Count; i++)
                {
                    value.Operands[i] = Current(value.Operands[i]);
                }
            }
        }
    }

    private Value NewPhi(Variable variable, Block block)
    {
        var phi = new Value(Op.Phi, variable.Type) { Block = block };
        block.Values.Insert(0, phi);
        _phis.Add(phi);
        return phi;
    }

    private Value Complete(Variable variable, Value phi)
    {
        foreach (var predecessor in phi.Block!.Predecessors)
        {
            phi.Operands.Add(Coerce(Read(variable, predecessor), variable.Type, predecessor));
        }

        return Simplify(phi);
    }

    private Value Coerce(Value value, ValueType type, Block predecessor)
    {
        if (value.Type == type)
        {
            return value;
        }

        if (value.Op != Op.Constant)
        {
            throw OnMismatch?.Invoke(value, type) ?? new InvalidOperationException($"a {value.Type} becomes a {type}");
        }

        var constant = new Value(Op.Constant, type) { Block = predecessor, Immediate = type == ValueType.I32 ? (int)value.Immediate : value.Immediate };
        predecessor.Values.Insert(predecessor.Values.Count - (predecessor.Terminator is null ? 0 : 1), constant);
        return constant;
    }

    /// <summary>A phi of one value (and itself) is that value.</summary>
    private Value Simplify(Value phi)
    {
        Value? same = null;
        foreach (var operand in phi.Operands)
        {
            var current = Current(operand);
            if (current == phi || current == same || (same is { Op: Op.Constant } && IsSameConstant(current, same)))
            {
                continue;
            }

            if (same is not null)
            {
                return phi;
            }

            same = current;
        }

        if (same is null)
        {
            return phi;
        }

        // Only a constant that is the same in two blocks may fail to dominate: it gets a place here.
        if (same.Op == Op.Constant && phi.Operands.Count > 1)
        {
            var constant = new Value(Op.Constant, phi.Type) { Block = phi.Block, Immediate = same.Immediate };
            var values = phi.Block!.Values;
            values.Insert(values.FindLastIndex(v => v.Op == Op.Phi) + 1, constant);
            same = constant;
        }

        Replace(phi, same);
        return same;
    }

    private static bool IsSameConstant(Value a, Value b) => a.Op == Op.Constant && a.Type == b.Type && a.Immediate == b.Immediate;
}
