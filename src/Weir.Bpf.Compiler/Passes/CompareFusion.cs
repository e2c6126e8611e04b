using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>A branch on the result of a comparison compares itself; a test of masked bits against zero becomes a bit test.</summary>
internal sealed class CompareFusion : IPass
{
    public string Name => "compare-fusion";

    public bool Run(Function function)
    {
        var changed = false;
        foreach (var block in function.Blocks)
        {
            foreach (var value in block.Values.Where(v => v.Op is Op.Branch or Op.Compare))
            {
                while (Fuse(value))
                {
                    changed = true;
                }
            }
        }

        return changed;
    }

    private static bool Fuse(Value value)
    {
        var (left, right) = (value.Operands[0], value.Operands[1]);
        if (value.Comparison is not (Comparison.Equal or Comparison.NotEqual) || !Edit.IsConstant(right, 0))
        {
            // 0/1 compared with 1, or its only bit tested.
            if (IsTruth(left) is { } truth && Edit.IsConstant(right, 1)
                && value.Comparison is Comparison.Equal or Comparison.NotEqual or Comparison.BitsSet or Comparison.BitsClear)
            {
                return Take(value, truth, value.Comparison is Comparison.Equal or Comparison.BitsSet);
            }

            return false;
        }

        if (IsTruth(left) is { } compared)
        {
            return Take(value, compared, value.Comparison == Comparison.NotEqual);
        }

        switch (left.Op)
        {
            case Op.And:
                value.Comparison = value.Comparison == Comparison.NotEqual ? Comparison.BitsSet : Comparison.BitsClear;
                value.Operands[0] = left.Operands[0];
                value.Operands[1] = left.Operands[1];
                return true;
            case Op.Xor or Op.Subtract when left.Operands[0].Type == left.Operands[1].Type && left.Type != ValueType.Pointer
                && left.Operands[0].Type != ValueType.Pointer:
                value.Operands[0] = left.Operands[0];
                value.Operands[1] = left.Operands[1];
                return true;
            default:
                return false;
        }
    }

    /// <summary>The comparison that makes the 0 or 1, where it is one.</summary>
    private static Value? IsTruth(Value value)
    {
        while (value.Op is Op.ZeroExtend or Op.Truncate)
        {
            value = value.Operands[0];
        }

        return value.Op == Op.Compare ? value : null;
    }

    private static bool Take(Value value, Value compare, bool isSame)
    {
        value.Comparison = isSame ? compare.Comparison : Edit.Opposite(compare.Comparison);
        value.Operands[0] = compare.Operands[0];
        value.Operands[1] = compare.Operands[1];
        return true;
    }
}
