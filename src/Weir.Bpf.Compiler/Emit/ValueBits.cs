using System.Numerics;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>
/// Which bits of a value may be set (of an I32 the low 32). Only what the verifier finds out, too: it does not look into divisions and shifts by variables, for example, and
/// a mask that the source has for its sake must then stay.
/// </summary>
internal sealed class ValueBits
{
    private const int MaximumDepth = 24;
    private readonly Dictionary<Value, ulong> _known = new(ReferenceEqualityComparer.Instance);

    /// <summary>A mask of the bits that can be one.</summary>
    public ulong Of(Value value) => Of(value, 0);

    private static ulong Width(ValueType type) => type == ValueType.I32 ? uint.MaxValue : ulong.MaxValue;

    private static ulong SizeMask(int size) => size >= 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;

    /// <summary>All bits up to the highest of the mask.</summary>
    private static ulong Fill(ulong mask) => mask == 0 ? 0 : ulong.MaxValue >> BitOperations.LeadingZeroCount(mask);

    private ulong Of(Value value, int depth)
    {
        if (_known.TryGetValue(value, out var known))
        {
            return known;
        }

        var width = Width(value.Type);
        if (depth > MaximumDepth)
        {
            return width;
        }

        // While a phi is looked at, it may be anything: what depends on it in a loop then is, too.
        if (value.Op == Op.Phi)
        {
            _known[value] = width;
        }

        ulong Operand(int index) => Of(value.Operands[index], depth + 1);
        int? Count() => value.Operands[1] is { Op: Op.Constant } constant ? (int)(constant.Immediate & (value.Type == ValueType.I32 ? 31 : 63)) : null;
        var bits = value.Op switch
        {
            Op.Constant => (ulong)value.Immediate,
            Op.Load when value.Type != ValueType.Pointer => SizeMask(value.Size),
            Op.ZeroExtend => Operand(0) & SizeMask(value.Size),
            Op.Truncate => Operand(0),
            Op.SwapBytes => SizeMask(value.Size),
            Op.Compare => 1,
            Op.And => Operand(0) & Operand(1),
            Op.Or or Op.Xor => Operand(0) | Operand(1),
            Op.ShiftLeft when Count() is { } count => Operand(0) << count,
            Op.ShiftRightUnsigned when Count() is { } count => Operand(0) >> count,
            Op.Add => Sum(Operand(0), Operand(1)),
            Op.Multiply => Product(Operand(0), Operand(1)),
            Op.SignExtend when (Operand(0) & SizeMask(value.Size) & ~(SizeMask(value.Size) >> 1)) == 0 => Operand(0) & SizeMask(value.Size),
            Op.Phi => value.Operands.Aggregate(0UL, (all, operand) => all | Of(operand, depth + 1)),
            _ => ulong.MaxValue,
        } & width;
        _known[value] = bits;
        return bits;
    }

    private static ulong Sum(ulong a, ulong b) => Fill(a) is var x && Fill(b) is var y && x + y < x ? ulong.MaxValue : Fill(Fill(a) + Fill(b));

    private static ulong Product(ulong a, ulong b)
    {
        var high = Math.BigMul(Fill(a), Fill(b), out var low);
        return high != 0 ? ulong.MaxValue : Fill(low);
    }
}
