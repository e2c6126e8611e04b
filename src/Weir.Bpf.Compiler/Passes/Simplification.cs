using System.Numerics;
using Weir.Bpf.Compiler.Emit;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Computes what is constant and replaces operations by cheaper ones, one value at a time.</summary>
internal sealed class Simplification : IPass
{
    public string Name => "simplification";

    public bool Run(Function function)
    {
        var changed = false;
        var replacements = new Dictionary<Value, Value>(ReferenceEqualityComparer.Instance);
        var bits = new ValueBits();
        foreach (var block in Dominators.ReversePostorder(function))
        {
            for (var i = 0; i < block.Values.Count; i++)
            {
                var value = block.Values[i];
                for (var operand = 0; operand < value.Operands.Count; operand++)
                {
                    value.Operands[operand] = Edit.Resolve(value.Operands[operand], replacements);
                }

                var before = block.Values.Count;
                var context = new Context(block, i, bits);
                var result = Simplify(value, context);
                changed |= context.IsChanged || result is not null;
                i += block.Values.Count - before;
                if (result is not null && result != value)
                {
                    replacements.Add(value, result);
                    block.Values.Remove(value);
                    i--;
                }
            }
        }

        Edit.ReplaceUses(function, replacements);
        return changed;
    }

    /// <summary>The value itself if it was changed, another one in its place, or null.</summary>
    private static Value? Simplify(Value value, Context context)
    {
        if (!Edit.IsPure(value))
        {
            return value.Op switch
            {
                Op.Store => SimplifyStore(value, context),
                Op.Branch => Canonical(value, context),
                _ => null,
            };
        }

        if (value.Operands.Count > 0 && value.Operands.All(o => o.Op == Op.Constant) && value.Type != ValueType.Pointer)
        {
            return context.Constant(value.Type,
                IrInterpreter.Compute(value, value.Operands[0].Immediate, value.Operands.Count > 1 ? value.Operands[1].Immediate : 0));
        }

        return value.Op switch
        {
            Op.Add or Op.Subtract or Op.Multiply or Op.And or Op.Or or Op.Xor or Op.DivideUnsigned or Op.RemainderUnsigned
                or Op.DivideSigned or Op.RemainderSigned => Arithmetic(value, context),
            Op.ShiftLeft or Op.ShiftRightUnsigned or Op.ShiftRightSigned => Shift(value, context),
            Op.ZeroExtend => ZeroExtend(value, context),
            Op.SignExtend => SignExtend(value, context),
            Op.Truncate => Truncate(value),
            Op.SwapBytes => Swap(value),
            Op.Compare => Compare(value, context),
            _ => null,
        };
    }

    private static Value? Arithmetic(Value value, Context context)
    {
        var (left, right) = (value.Operands[0], value.Operands[1]);
        var commutes = value.Op is Op.Add or Op.Multiply or Op.And or Op.Or or Op.Xor;
        if (commutes && left.Op == Op.Constant && right.Op != Op.Constant)
        {
            value.Operands.Reverse();
            return value;
        }

        if (left == right && left.Type == value.Type && value.Type != ValueType.Pointer)
        {
            switch (value.Op)
            {
                case Op.And or Op.Or:
                    return left;
                case Op.Xor or Op.Subtract:
                    return context.Constant(value.Type, 0);
            }
        }

        if (right.Op != Op.Constant)
        {
            return null;
        }

        var c = right.Immediate;
        var unsigned = value.Type == ValueType.I32 ? (uint)c : (ulong)c;
        var all = value.Type == ValueType.I32 ? uint.MaxValue : ulong.MaxValue;
        switch (value.Op)
        {
            case Op.Add or Op.Subtract or Op.Or or Op.Xor when c == 0 && left.Type == value.Type:
                return left;
            case Op.Subtract when left.Type == value.Type && c != long.MinValue && c != int.MinValue:
                value.Op = Op.Add;
                value.Operands[1] = context.Constant(right.Type, -c);
                return value;
            case Op.Add when value.Type != ValueType.Pointer && left.Op == Op.Add && left.Type == value.Type && left.Operands[1].Op == Op.Constant
                && left.Operands[0].Type == value.Type:
                value.Operands[1] = context.Constant(right.Type, c + left.Operands[1].Immediate);
                value.Operands[0] = left.Operands[0];
                return value;
            case Op.And or Op.Or or Op.Xor when left.Op == value.Op && left.Operands[1].Op == Op.Constant:
                var other = left.Operands[1].Immediate;
                value.Operands[1] = context.Constant(right.Type, value.Op switch { Op.And => c & other, Op.Or => c | other, _ => c ^ other });
                value.Operands[0] = left.Operands[0];
                return value;
            case Op.Xor when c == 1 && left.Op == Op.Compare:
                value.Op = Op.Compare;
                value.Comparison = Edit.Opposite(left.Comparison);
                value.Operands[0] = left.Operands[0];
                value.Operands[1] = left.Operands[1];
                return value;
            case Op.Multiply or Op.And when c == 0:
                return context.Constant(value.Type, 0);
            case Op.And when (context.Bits.Of(left) & ~unsigned & all) == 0:
                return left;
            case Op.And when unsigned == uint.MaxValue && value.Type == ValueType.I64:
                value.Op = Op.ZeroExtend;
                value.Size = 4;
                value.Operands.RemoveAt(1);
                return value;
            case Op.Or when unsigned == all:
                return right;
            case Op.Multiply or Op.DivideUnsigned or Op.DivideSigned when c == 1:
                return left;
            case Op.RemainderUnsigned or Op.RemainderSigned when c == 1:
                return context.Constant(value.Type, 0);
            case Op.Multiply when BitOperations.IsPow2(unsigned):
                value.Op = Op.ShiftLeft;
                value.Operands[1] = context.Constant(value.Type, BitOperations.Log2(unsigned));
                return value;
            case Op.DivideUnsigned when BitOperations.IsPow2(unsigned):
                value.Op = Op.ShiftRightUnsigned;
                value.Operands[1] = context.Constant(value.Type, BitOperations.Log2(unsigned));
                return value;
            case Op.RemainderUnsigned when BitOperations.IsPow2(unsigned):
                value.Op = Op.And;
                value.Operands[1] = context.Constant(value.Type, (long)(unsigned - 1));
                return value;
            case Op.DivideUnsigned when c == 0:
                return context.Constant(value.Type, 0);
            case Op.RemainderUnsigned when c == 0:
                return left;
            case Op.DivideSigned or Op.RemainderSigned when c > 0 && (context.Bits.Of(left) & ((all >> 1) + 1)) == 0:
                value.Op = value.Op == Op.DivideSigned ? Op.DivideUnsigned : Op.RemainderUnsigned;
                return value;
            default:
                return null;
        }
    }

    private static Value? Shift(Value value, Context context)
    {
        var (left, right) = (value.Operands[0], value.Operands[1]);
        var mask = value.Type == ValueType.I32 ? 31 : 63;
        if (Edit.IsConstant(left, 0))
        {
            return left;
        }

        if (right.Op != Op.Constant)
        {
            // The count is masked anyway.
            if (right.Op == Op.And && right.Operands[1].Op == Op.Constant && (right.Operands[1].Immediate & mask) == mask)
            {
                value.Operands[1] = right.Operands[0];
                return value;
            }

            return null;
        }

        var count = right.Immediate & mask;
        if (count == 0)
        {
            return left;
        }

        if (count != right.Immediate)
        {
            value.Operands[1] = context.Constant(right.Type, count);
            return value;
        }

        var all = value.Type == ValueType.I32 ? uint.MaxValue : ulong.MaxValue;
        switch (value.Op)
        {
            case Op.ShiftRightUnsigned when context.Bits.Of(left) >> (int)count == 0:
                return context.Constant(value.Type, 0);
            case Op.ShiftRightSigned when (context.Bits.Of(left) & ((all >> 1) + 1)) == 0:
                value.Op = Op.ShiftRightUnsigned;
                return value;
            case Op.ShiftLeft or Op.ShiftRightUnsigned when left.Op == value.Op && left.Operands[1].Op == Op.Constant
                && left.Operands[1].Immediate is > 0 && left.Operands[1].Immediate + count <= mask:
                value.Operands[1] = context.Constant(right.Type, left.Operands[1].Immediate + count);
                value.Operands[0] = left.Operands[0];
                return value;
            default:
                return null;
        }
    }

    private static ulong SizeMask(int size) => size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;

    private static Value? ZeroExtend(Value value, Context context)
    {
        var operand = value.Operands[0];
        if (operand.Type == value.Type && (context.Bits.Of(operand) & ~SizeMask(value.Size)) == 0)
        {
            return operand;
        }

        switch (operand.Op)
        {
            // What is above the size does not matter.
            case Op.ZeroExtend when operand.Operands[0].Type != ValueType.Void && operand.Size >= value.Size:
            case Op.SignExtend when operand.Size >= value.Size:
            case Op.Truncate when value.Size <= 4 && (value.Type == ValueType.I64 || value.Size < 4):
                value.Operands[0] = operand.Operands[0];
                return value;
            case Op.ZeroExtend when operand.Size < value.Size:
                value.Operands[0] = operand.Operands[0];
                value.Size = operand.Size;
                return value;
            case Op.And when operand.Operands[1].Op == Op.Constant && ((ulong)operand.Operands[1].Immediate & SizeMask(value.Size)) == SizeMask(value.Size):
                value.Operands[0] = operand.Operands[0];
                return value;
            default:
                return null;
        }
    }

    private static Value? SignExtend(Value value, Context context)
    {
        var operand = value.Operands[0];
        if (value.Size == 4 && value.Type == ValueType.I32)
        {
            if (operand.Type == ValueType.I32)
            {
                return operand;
            }

            value.Op = Op.Truncate;
            value.Size = 0;
            return value;
        }

        var sign = (SizeMask(value.Size) >> 1) + 1;
        if ((context.Bits.Of(operand) & sign) == 0)
        {
            value.Op = Op.ZeroExtend;
            return value;
        }

        if (operand.Op is Op.ZeroExtend or Op.SignExtend && operand.Size >= value.Size)
        {
            value.Operands[0] = operand.Operands[0];
            return value;
        }

        return null;
    }

    private static Value? Truncate(Value value)
    {
        var operand = value.Operands[0];
        switch (operand.Op)
        {
            case Op.ZeroExtend or Op.SignExtend when operand.Size == 4 && operand.Operands[0].Type == ValueType.I32:
                return operand.Operands[0];
            case Op.ZeroExtend or Op.SignExtend when operand.Size == 4:
                value.Operands[0] = operand.Operands[0];
                return value;
            case Op.ZeroExtend or Op.SignExtend when operand.Size < 4:
                value.Op = operand.Op;
                value.Size = operand.Size;
                value.Operands[0] = operand.Operands[0];
                return value;
            case Op.SwapBytes when operand.Size <= 4:
                value.Op = Op.SwapBytes;
                value.Size = operand.Size;
                value.Operands[0] = operand.Operands[0];
                return value;
            default:
                return null;
        }
    }

    private static Value? Swap(Value value)
    {
        var operand = value.Operands[0];
        if (operand.Op == Op.SwapBytes && operand.Size == value.Size)
        {
            if (value.Size == 8)
            {
                return operand.Operands[0];
            }

            value.Op = Op.ZeroExtend;
            value.Operands[0] = operand.Operands[0];
            return value;
        }

        // A swap of few bytes sees no more of them.
        if (operand.Op is Op.ZeroExtend or Op.SignExtend && operand.Size >= value.Size)
        {
            value.Operands[0] = operand.Operands[0];
            return value;
        }

        return null;
    }

    private static Value? Compare(Value value, Context context)
    {
        if (Canonical(value, context) is { } changed)
        {
            return changed;
        }

        var (left, right) = (value.Operands[0], value.Operands[1]);
        if (left == right && value.Comparison is not (Comparison.BitsSet or Comparison.BitsClear))
        {
            return context.Constant(ValueType.I32, IrInterpreter.Compare(value.Comparison, left.Type, 0, 0) ? 1 : 0);
        }

        if (left.Op is Op.StackAddress or Op.MapValueAddress && Edit.IsConstant(right, 0) && value.Comparison is Comparison.Equal or Comparison.NotEqual)
        {
            return context.Constant(ValueType.I32, value.Comparison == Comparison.NotEqual ? 1 : 0);
        }

        // One bit that may be set is its own truth.
        if (left.Type == ValueType.I32 && context.Bits.Of(left) <= 1
            && ((value.Comparison == Comparison.NotEqual && Edit.IsConstant(right, 0))
                || (value.Comparison is Comparison.Equal or Comparison.BitsSet && Edit.IsConstant(right, 1))))
        {
            return left;
        }

        if (value.Comparison == Comparison.BitsSet && left.Type == ValueType.I32 && Edit.IsConstant(right, 1))
        {
            value.Op = Op.And;
            value.Comparison = default;
            return value;
        }

        return null;
    }

    /// <summary>A comparison's constant comes second; a sign that is known to be clear makes an order unsigned, which ranges are known for.</summary>
    private static Value? Canonical(Value value, Context context)
    {
        var (left, right) = (value.Operands[0], value.Operands[1]);
        if (left.Op == Op.Constant && right.Op != Op.Constant)
        {
            value.Operands.Reverse();
            value.Comparison = Edit.Exchanged(value.Comparison);
            return value;
        }

        // x < 1 is x == 0, x >= 1 is x != 0 (and x <= 0, x > 0).
        if (right.Op == Op.Constant && left.Type != ValueType.Pointer)
        {
            switch (value.Comparison)
            {
                case Comparison.LessUnsigned or Comparison.GreaterOrEqualUnsigned when right.Immediate == 1:
                    value.Operands[1] = context.Constant(right.Type, 0);
                    value.Comparison = value.Comparison == Comparison.LessUnsigned ? Comparison.Equal : Comparison.NotEqual;
                    return value;
                case Comparison.LessOrEqualUnsigned or Comparison.GreaterUnsigned when right.Immediate == 0:
                    value.Comparison = value.Comparison == Comparison.LessOrEqualUnsigned ? Comparison.Equal : Comparison.NotEqual;
                    return value;
            }
        }

        if (value.Comparison is >= Comparison.LessSigned and <= Comparison.GreaterOrEqualSigned && left.Type != ValueType.Pointer
            && right.Type != ValueType.Pointer)
        {
            var sign = left.Type == ValueType.I32 ? 1UL << 31 : 1UL << 63;
            if (((context.Bits.Of(left) | context.Bits.Of(right)) & sign) == 0)
            {
                value.Comparison = value.Comparison switch
                {
                    Comparison.LessSigned => Comparison.LessUnsigned,
                    Comparison.LessOrEqualSigned => Comparison.LessOrEqualUnsigned,
                    Comparison.GreaterSigned => Comparison.GreaterUnsigned,
                    _ => Comparison.GreaterOrEqualUnsigned,
                };
                return value;
            }
        }

        return null;
    }

    /// <summary>A store takes the low bytes itself.</summary>
    private static Value? SimplifyStore(Value value, Context context)
    {
        var stored = value.Operands[1];
        var isCut = stored.Op switch
        {
            Op.ZeroExtend or Op.SignExtend => stored.Size >= value.Size,
            Op.Truncate => value.Size <= 4,
            Op.And => stored.Operands[1].Op == Op.Constant && ((ulong)stored.Operands[1].Immediate & SizeMask(value.Size)) == SizeMask(value.Size),
            _ => false,
        };
        if (!isCut)
        {
            return null;
        }

        context.IsChanged = true;
        value.Operands[1] = stored.Operands[0];
        return value;
    }

    private sealed class Context(Block block, int index, ValueBits bits)
    {
        private int _index = index;

        public ValueBits Bits { get; } = bits;

        public bool IsChanged { get; set; }

        /// <summary>A constant before the value that is looked at.</summary>
        public Value Constant(ValueType type, long immediate)
        {
            var constant = new Value(Op.Constant, type) { Immediate = type == ValueType.I32 ? (int)immediate : immediate, Block = block };
            block.Values.Insert(_index++, constant);
            return constant;
        }
    }
}
