using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// Signed division and remainder by unsigned ones (cpu v3 has no others): m = x >> 31 is -1 or 0, (x ^ m) - m is |x|, and the same brings the sign
/// back: the quotient's is the exclusive or of both, the remainder's is the dividend's.
/// </summary>
internal sealed class SignedDivision : IPass
{
    public string Name => "signed-division";

    public bool IsRequired => true;

    public bool Run(Function function)
    {
        var changed = false;
        var replacements = new Dictionary<Value, Value>(ReferenceEqualityComparer.Instance);
        foreach (var block in function.Blocks)
        {
            for (var i = 0; i < block.Values.Count; i++)
            {
                var value = block.Values[i];
                if (value.Op is Op.DivideSigned or Op.RemainderSigned)
                {
                    var made = Expand(value);
                    block.Values.RemoveAt(i);
                    block.Values.InsertRange(i, made);
                    replacements.Add(value, made[^1]);
                    changed = true;
                    i += made.Count - 1;
                }
            }
        }

        Edit.ReplaceUses(function, replacements);
        return changed;
    }

    private static List<Value> Expand(Value value)
    {
        var made = new List<Value>();
        Value Make(Op op, params ReadOnlySpan<Value> operands)
        {
            var result = new Value(op, value.Type) { Block = value.Block, Location = value.Location };
            foreach (var operand in operands)
            {
                result.Operands.Add(operand);
            }

            made.Add(result);
            return result;
        }

        Value Number(long immediate)
        {
            var constant = Make(Op.Constant);
            constant.Immediate = immediate;
            return constant;
        }

        var bits = Number(value.Type == ValueType.I32 ? 31 : 63);
        var (x, y) = (value.Operands[0], value.Operands[1]);
        var signX = Make(Op.ShiftRightSigned, x, bits);
        var absoluteX = Make(Op.Subtract, Make(Op.Xor, x, signX), signX);
        Value absoluteY;
        Value sign;
        if (y.Op == Op.Constant && y.Immediate >= 0)
        {
            absoluteY = y;
            sign = signX;
        }
        else
        {
            var signY = Make(Op.ShiftRightSigned, y, bits);
            absoluteY = Make(Op.Subtract, Make(Op.Xor, y, signY), signY);
            sign = value.Op == Op.DivideSigned ? Make(Op.Xor, signX, signY) : signX;
        }

        var result = Make(value.Op == Op.DivideSigned ? Op.DivideUnsigned : Op.RemainderUnsigned, absoluteX, absoluteY);
        Make(Op.Subtract, Make(Op.Xor, result, sign), sign);
        return made;
    }
}
