using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Changes of a function that keep edges, phis and places in agreement.</summary>
internal static class Edit
{
    /// <summary>Whether the value only computes: same operands, same result, nothing else happens.</summary>
    public static bool IsPure(Value value) => value.Op switch
    {
        Op.Constant or Op.Parameter or Op.StackAddress or Op.MapReference or Op.MapValueAddress or Op.FunctionAddress => true,
        Op.Add or Op.Subtract or Op.Multiply or Op.DivideUnsigned or Op.DivideSigned or Op.RemainderUnsigned or Op.RemainderSigned => true,
        Op.And or Op.Or or Op.Xor or Op.ShiftLeft or Op.ShiftRightUnsigned or Op.ShiftRightSigned or Op.Negate => true,
        Op.ZeroExtend or Op.SignExtend or Op.Truncate or Op.SwapBytes or Op.Compare => true,
        _ => false,
    };

    /// <summary>Whether nothing is lost when the value is removed because nobody uses it.</summary>
    public static bool IsRemovable(Value value) =>
        IsPure(value) || value.Op == Op.Phi || (value.Op == Op.Load && !value.IsVolatile)
        || value is { Op: Op.CallHelper, Symbol: HelperSymbol { IsPure: true } };

    public static bool IsCall(Value value) => value.Op is Op.CallHelper or Op.CallKfunc or Op.CallFunction;

    public static bool IsConstant(Value value, long immediate) => value.Op == Op.Constant && value.Immediate == immediate;

    /// <summary>The predecessor entry that belongs to a successor entry.</summary>
    public static int PredecessorIndex(Block from, int successor)
    {
        var to = from.Successors[successor];
        var occurrence = from.Successors.Take(successor).Count(s => s == to);
        for (var i = 0; ; i++)
        {
            if (to.Predecessors[i] == from && occurrence-- == 0)
            {
                return i;
            }
        }
    }

    /// <summary>Removes an edge with its phi operands. The terminator is the caller's to change.</summary>
    public static void RemoveEdge(Block from, int successor)
    {
        var to = from.Successors[successor];
        var index = PredecessorIndex(from, successor);
        to.Predecessors.RemoveAt(index);
        foreach (var phi in to.Values.TakeWhile(v => v.Op == Op.Phi))
        {
            phi.Operands.RemoveAt(index);
        }

        from.Successors.RemoveAt(successor);
    }

    /// <summary>Makes the block's terminator a jump to one of its successors.</summary>
    public static void ReplaceByJump(Block block, int kept)
    {
        for (var i = block.Successors.Count - 1; i >= 0; i--)
        {
            if (i != kept)
            {
                RemoveEdge(block, i);
            }
        }

        var terminator = block.Values[^1];
        block.Values[^1] = new Value(Op.Jump, ValueType.Void) { Block = block, Location = terminator.Location };
    }

    /// <summary>Removes the blocks that nothing leads to.</summary>
    public static bool RemoveUnreachable(Function function)
    {
        var reachable = new HashSet<Block>(Dominators.ReversePostorder(function));
        if (reachable.Count == function.Blocks.Count)
        {
            return false;
        }

        foreach (var block in function.Blocks.Where(b => !reachable.Contains(b)))
        {
            for (var i = block.Successors.Count - 1; i >= 0; i--)
            {
                RemoveEdge(block, i);
            }
        }

        function.Blocks.RemoveAll(b => !reachable.Contains(b));
        return true;
    }

    /// <summary>Replaces uses of each key by its value, following chains.</summary>
    public static void ReplaceUses(Function function, Dictionary<Value, Value> replacements)
    {
        if (replacements.Count == 0)
        {
            return;
        }

        foreach (var value in function.Blocks.SelectMany(b => b.Values))
        {
            for (var i = 0; i < value.Operands.Count; i++)
            {
                value.Operands[i] = Resolve(value.Operands[i], replacements);
            }
        }
    }

    public static Value Resolve(Value value, Dictionary<Value, Value> replacements)
    {
        while (replacements.TryGetValue(value, out var replacement))
        {
            value = replacement;
        }

        return value;
    }

    /// <summary>How often each value is used.</summary>
    public static Dictionary<Value, int> CountUses(Function function)
    {
        var counts = new Dictionary<Value, int>(ReferenceEqualityComparer.Instance);
        foreach (var operand in function.Blocks.SelectMany(b => b.Values).SelectMany(v => v.Operands))
        {
            counts[operand] = counts.GetValueOrDefault(operand) + 1;
        }

        return counts;
    }

    /// <summary>The comparison that holds exactly when this one does not.</summary>
    public static Comparison Opposite(Comparison comparison) => comparison switch
    {
        Comparison.Equal => Comparison.NotEqual,
        Comparison.NotEqual => Comparison.Equal,
        Comparison.LessUnsigned => Comparison.GreaterOrEqualUnsigned,
        Comparison.LessOrEqualUnsigned => Comparison.GreaterUnsigned,
        Comparison.GreaterUnsigned => Comparison.LessOrEqualUnsigned,
        Comparison.GreaterOrEqualUnsigned => Comparison.LessUnsigned,
        Comparison.LessSigned => Comparison.GreaterOrEqualSigned,
        Comparison.LessOrEqualSigned => Comparison.GreaterSigned,
        Comparison.GreaterSigned => Comparison.LessOrEqualSigned,
        Comparison.GreaterOrEqualSigned => Comparison.LessSigned,
        Comparison.BitsSet => Comparison.BitsClear,
        _ => Comparison.BitsSet,
    };

    /// <summary>The comparison with its operands exchanged.</summary>
    public static Comparison Exchanged(Comparison comparison) => comparison switch
    {
        Comparison.LessUnsigned => Comparison.GreaterUnsigned,
        Comparison.LessOrEqualUnsigned => Comparison.GreaterOrEqualUnsigned,
        Comparison.GreaterUnsigned => Comparison.LessUnsigned,
        Comparison.GreaterOrEqualUnsigned => Comparison.LessOrEqualUnsigned,
        Comparison.LessSigned => Comparison.GreaterSigned,
        Comparison.LessOrEqualSigned => Comparison.GreaterOrEqualSigned,
        Comparison.GreaterSigned => Comparison.LessSigned,
        Comparison.GreaterOrEqualSigned => Comparison.LessOrEqualSigned,
        _ => comparison,
    };
}
