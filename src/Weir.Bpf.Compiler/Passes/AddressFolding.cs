using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// Constant parts of addresses become displacements. Sums of constants are joined, but the order of a pointer's variable parts is left alone:
/// the verifier knows a packet pointer's checked range only for the same variable part.
/// </summary>
internal sealed class AddressFolding : IPass
{
    public string Name => "address-folding";

    public bool Run(Function function)
    {
        var changed = false;
        var sums = new List<Value>();
        foreach (var value in function.Blocks.SelectMany(b => b.Values))
        {
            switch (value.Op)
            {
                case Op.Load or Op.Store or Op.ZeroMemory or Op.CopyMemory or Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor
                    or Op.AtomicExchange or Op.AtomicCompareExchange:
                    while (Displacement(value.Operands[0]) is { } offset && Fits(value.Immediate + offset, value.Size))
                    {
                        value.Immediate += offset;
                        value.Operands[0] = value.Operands[0].Operands[0];
                        changed = true;
                    }

                    while (value.Op == Op.CopyMemory && Displacement(value.Operands[1]) is { } offset && Fits(value.Immediate2 + offset, value.Size))
                    {
                        value.Immediate2 += offset;
                        value.Operands[1] = value.Operands[1].Operands[0];
                        changed = true;
                    }

                    break;
                case Op.Add when value.Type == ValueType.Pointer && value.Operands[0].Op is Op.StackAddress or Op.MapValueAddress
                    && value.Operands[1].Op == Op.Constant:
                    var (address, constant) = (value.Operands[0], value.Operands[1].Immediate);
                    if (Fits(address.Immediate + constant, 0))
                    {
                        value.Op = address.Op;
                        value.Symbol = address.Symbol;
                        value.Immediate = address.Immediate + constant;
                        value.Operands.Clear();
                        changed = true;
                    }

                    break;
                case Op.Add when value.Type != ValueType.I32 && value.Operands[1].Op == Op.Constant && Displacement(value.Operands[0]) is { } inner
                    && value.Operands[0].Type == value.Type && Fits(value.Operands[1].Immediate + inner, 0):
                    var sum = new Value(Op.Constant, ValueType.I64)
                    {
                        Immediate = value.Operands[1].Immediate + inner,
                        Block = function.Blocks[0],
                        Location = value.Location,
                    };
                    sums.Add(sum);
                    value.Operands[0] = value.Operands[0].Operands[0];
                    value.Operands[1] = sum;
                    changed = true;
                    break;
            }
        }

        function.Blocks[0].Values.InsertRange(0, sums);
        return changed;
    }

    /// <summary>The constant that is added to the first operand, where the value is such a sum.</summary>
    private static long? Displacement(Value value) =>
        value.Op == Op.Add && value.Operands[1].Op == Op.Constant && value.Operands[0].Type == value.Type ? value.Operands[1].Immediate : null;

    private static bool Fits(long offset, int size) => offset is >= short.MinValue and <= short.MaxValue && offset + size <= short.MaxValue;
}
