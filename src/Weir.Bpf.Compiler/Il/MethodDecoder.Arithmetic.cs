using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Arithmetic, conversions, comparisons: C#'s integers on I32 and I64, and pointers.</summary>
internal sealed partial class MethodDecoder
{
    private void Binary(Code code)
    {
        var rightItem = Pop();
        var leftItem = Pop();
        var (left, right) = (Scalar(leftItem), Scalar(rightItem));
        if (left.Type == ValueType.Pointer || right.Type == ValueType.Pointer)
        {
            Push(PointerArithmetic(code, leftItem, rightItem));
            return;
        }

        (left, right) = SameWidth(left, right);
        if (code is Code.Div or Code.Div_Un or Code.Rem or Code.Rem_Un && right is { Op: Op.Constant, Immediate: 0 })
        {
            throw new Refusal("division by zero");
        }

        Push(Emit(BinaryOp(code), left.Type, left, right));
    }

    /// <summary>Overflow checks are only there on constants (the size of a stackalloc).</summary>
    private void ConstantBinary(Code code)
    {
        var right = PopValue();
        var left = PopValue();
        if (left.Op != Op.Constant || right.Op != Op.Constant)
        {
            throw new Refusal("checked arithmetic is not supported");
        }

        (left, right) = SameWidth(left, right);
        var isUnsigned = code is Code.Mul_Ovf_Un or Code.Add_Ovf_Un;
        var (a, b) = (Exact(left, isUnsigned), Exact(right, isUnsigned));
        var exact = code is Code.Mul_Ovf_Un or Code.Mul_Ovf ? a * b : a + b;
        var result = Ir.Constant(left.Type, (long)(ulong)(exact & ulong.MaxValue));
        Push(Exact(result, isUnsigned) == exact ? result : throw new Refusal("a checked operation on constants overflows"));
    }

    private static Int128 Exact(Value constant, bool isUnsigned) => (isUnsigned, constant.Type) switch
    {
        (false, _) => constant.Immediate,
        (true, ValueType.I32) => (uint)constant.Immediate,
        _ => (ulong)constant.Immediate,
    };

    private static Op BinaryOp(Code code) => code switch
    {
        Code.Add => Op.Add,
        Code.Sub => Op.Subtract,
        Code.Mul => Op.Multiply,
        Code.Div => Op.DivideSigned,
        Code.Div_Un => Op.DivideUnsigned,
        Code.Rem => Op.RemainderSigned,
        Code.Rem_Un => Op.RemainderUnsigned,
        Code.And => Op.And,
        Code.Or => Op.Or,
        Code.Xor => Op.Xor,
        _ => throw new Refusal($"the instruction {code} is not supported"),
    };

    private Item PointerArithmetic(Code code, Item left, Item right)
    {
        var (a, b) = (left.Value, right.Value);
        switch (code)
        {
            case Code.Add when a.Type != b.Type:
                var (pointer, offset) = a.Type == ValueType.Pointer ? (left, b) : (right, a);
                return pointer with { Value = Offset(pointer, Widen(offset, isSigned: true)) };
            case Code.Sub when a.Type == ValueType.Pointer && b.Type == ValueType.Pointer:
                return new Item(Ir.Append(Op.Subtract, ValueType.I64, a, b));
            case Code.Sub when a.Type == ValueType.Pointer:
                var subtracted = Widen(b, isSigned: true);
                return left with { Value = subtracted.Op == Op.Constant ? Displace(a, -subtracted.Immediate) : Ir.Append(Op.Subtract, ValueType.Pointer, a, subtracted) };
            default:
                throw new Refusal("a pointer is used as an integer: pointers are only added to, subtracted from and compared");
        }
    }

    private Value Offset(Item pointer, Value offset)
    {
        if (offset.Op == Op.Constant)
        {
            return Displace(pointer.Value, offset.Immediate);
        }

        return pointer.IsContext
            ? throw new Refusal("a field of the context is reached through a variable offset")
            : Ir.Append(Op.Add, ValueType.Pointer, pointer.Value, offset);
    }

    /// <summary>A pointer plus a constant number of bytes.</summary>
    private Value Displace(Value pointer, long bytes)
    {
        if (bytes == 0)
        {
            return pointer;
        }

        switch (pointer.Op)
        {
            case Op.StackAddress:
                return Ir.StackAddress((StackSlot)pointer.Symbol!, pointer.Immediate + bytes);
            case Op.MapValueAddress:
                return Ir.MapValue((MapSymbol)pointer.Symbol!, pointer.Immediate + bytes);
            case Op.Add when pointer.Operands[1].Op == Op.Constant:
                return Displace(pointer.Operands[0], pointer.Operands[1].Immediate + bytes);
            default:
                return Ir.Append(Op.Add, ValueType.Pointer, pointer, Ir.Constant(ValueType.I64, bytes));
        }
    }

    private void Shift(Code code)
    {
        var count = PopValue();
        var value = PopValue();
        if (value.Type == ValueType.Pointer || count.Type == ValueType.Pointer)
        {
            throw new Refusal("a pointer is shifted");
        }

        var op = code switch { Code.Shl => Op.ShiftLeft, Code.Shr => Op.ShiftRightSigned, _ => Op.ShiftRightUnsigned };
        Push(Emit(op, value.Type, value, count));
    }

    private void Unary(Code code)
    {
        var value = PopValue();
        if (value.Type == ValueType.Pointer)
        {
            throw new Refusal("a pointer is used as an integer");
        }

        Push(code == Code.Neg ? Emit(Op.Negate, value.Type, value, null) : Emit(Op.Xor, value.Type, value, Ir.Constant(value.Type, -1)));
    }

    private void ConvertTo(Code code)
    {
        var item = Pop();
        var value = Scalar(item);
        if (value.Type == ValueType.Pointer)
        {
            Push(code is Code.Conv_I or Code.Conv_U or Code.Conv_I8 or Code.Conv_U8 ? item : throw new Refusal("a pointer is converted to a smaller integer"));
            return;
        }

        Push(code switch
        {
            Code.Conv_I1 => Extend(value, 1, isSigned: true),
            Code.Conv_U1 => Extend(value, 1, isSigned: false),
            Code.Conv_I2 => Extend(value, 2, isSigned: true),
            Code.Conv_U2 => Extend(value, 2, isSigned: false),
            Code.Conv_I4 or Code.Conv_U4 => value.Type == ValueType.I64 ? Emit(Op.Truncate, ValueType.I32, value, null) : value,
            Code.Conv_I8 or Code.Conv_I => Widen(value, isSigned: true),
            _ => Widen(value, isSigned: false),
        });
    }

    /// <summary>The low bytes as I32; nothing where the value is in range already.</summary>
    private Value Extend(Value value, int size, bool isSigned)
    {
        var inRange = value.Type == ValueType.I32 && value.Op switch
        {
            Op.Constant => isSigned
                ? value.Immediate == (size == 1 ? (sbyte)value.Immediate : (short)value.Immediate)
                : value.Immediate >= 0 && value.Immediate >> (8 * size) == 0,
            Op.Load or Op.ZeroExtend => isSigned ? value.Size < size : value.Size <= size,
            Op.SignExtend => isSigned && value.Size <= size,
            Op.Compare => true,
            _ => false,
        };
        if (inRange)
        {
            return value;
        }

        return Emit(isSigned ? Op.SignExtend : Op.ZeroExtend, ValueType.I32, value, null, size);
    }

    /// <summary>As I64.</summary>
    private Value Widen(Value value, bool isSigned) => value.Type switch
    {
        ValueType.I32 => Emit(isSigned ? Op.SignExtend : Op.ZeroExtend, ValueType.I64, value, null, 4),
        _ => value,
    };

    /// <summary>A native integer meets a 32-bit one: that one is sign-extended.</summary>
    private (Value Left, Value Right) SameWidth(Value left, Value right) => (left.Type, right.Type) switch
    {
        (ValueType.I32, ValueType.I64) => (Widen(left, isSigned: true), right),
        (ValueType.I64, ValueType.I32) => (left, Widen(right, isSigned: true)),
        _ => (left, right),
    };

    private Value Emit(Op op, ValueType type, Value left, Value? right, int size = 0)
    {
        if (left.Op == Op.Constant && right is null or { Op: Op.Constant })
        {
            var operation = new Value(op, type) { Size = size };
            return Ir.Constant(type, IrInterpreter.Compute(operation, left.Immediate, right?.Immediate ?? 0));
        }

        var value = right is null ? Ir.Append(op, type, left) : Ir.Append(op, type, left, right);
        value.Size = size;
        return value;
    }

    private void CompareTop(Code code)
    {
        var right = PopValue();
        var left = PopValue();
        if (code == Code.Ceq && left.Op == Op.Compare && right is { Op: Op.Constant, Immediate: 0 })
        {
            Push(Ir.Compare(Invert(left.Comparison), Ssa.Current(left.Operands[0]), Ssa.Current(left.Operands[1])));
            return;
        }

        var comparison = code switch
        {
            Code.Ceq => Comparison.Equal,
            Code.Cgt => Comparison.GreaterSigned,
            Code.Cgt_Un => Comparison.GreaterUnsigned,
            Code.Clt => Comparison.LessSigned,
            _ => Comparison.LessUnsigned,
        };
        (comparison, left, right) = Prepare(comparison, left, right);
        Push(Ir.Compare(comparison, left, right));
    }

    /// <summary>Makes the operands comparable; comparing with zero is for equality where that is the same (the verifier knows pointers so).</summary>
    private (Comparison Comparison, Value Left, Value Right) Prepare(Comparison comparison, Value left, Value right)
    {
        if (left.Type == ValueType.Pointer || right.Type == ValueType.Pointer)
        {
            left = FitType(left, ValueType.Pointer);
            right = FitType(right, ValueType.Pointer);
        }
        else
        {
            (left, right) = SameWidth(left, right);
        }

        if (right is { Op: Op.Constant, Immediate: 0 })
        {
            comparison = comparison switch
            {
                Comparison.GreaterUnsigned => Comparison.NotEqual,
                Comparison.LessOrEqualUnsigned => Comparison.Equal,
                _ => comparison,
            };
        }

        return (comparison, left, right);
    }

    private static Comparison Invert(Comparison comparison) => comparison switch
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

    private static Value Scalar(Item item) => item.Struct is null ? item.Value : throw new Refusal("a struct is used as a scalar");

    /// <summary>The item as a value of the kind: of its type, and in its range if it is small.</summary>
    private Value Fit(Item item, TypeKind kind)
    {
        var value = FitType(Scalar(item), kind.Type);
        return kind is { Type: ValueType.I32, Size: < 4 } ? Extend(value, kind.Size, kind.IsSigned) : value;
    }

    private Value FitType(Value value, ValueType type)
    {
        if (value.Type == type)
        {
            return value;
        }

        if (value.Op == Op.Constant && (type != ValueType.Pointer || value.Immediate == 0))
        {
            return Ir.Constant(type, value.Immediate);
        }

        return (value.Type, type) switch
        {
            (ValueType.I32, ValueType.I64) => Widen(value, isSigned: true),
            (ValueType.I64, ValueType.I32) => Emit(Op.Truncate, ValueType.I32, value, null),
            (_, ValueType.Pointer) when _failed => Ir.Constant(ValueType.Pointer, 0),
            (_, ValueType.Pointer) => throw new Refusal("an integer becomes a pointer"),
            _ => throw new Refusal("a pointer becomes an integer"),
        };
    }
}
