using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Replaces a computation by an equal one whose definition dominates it.</summary>
internal sealed class ValueNumbering : IPass
{
    public string Name => "value-numbering";

    public bool Run(Function function)
    {
        var dominators = new Dominators(function);
        var known = new Dictionary<Key, List<Value>>();
        var replacements = new Dictionary<Value, Value>(ReferenceEqualityComparer.Instance);
        var numbers = new Dictionary<Value, int>(ReferenceEqualityComparer.Instance);
        int Number(Value value)
        {
            if (!numbers.TryGetValue(value, out var number))
            {
                numbers[value] = number = numbers.Count + 1;
            }

            return number;
        }

        foreach (var block in dominators.Order)
        {
            foreach (var value in block.Values)
            {
                for (var i = 0; i < value.Operands.Count; i++)
                {
                    value.Operands[i] = Edit.Resolve(value.Operands[i], replacements);
                }

                if (!Edit.IsPure(value))
                {
                    continue;
                }

                var left = value.Operands.Count > 0 ? Number(value.Operands[0]) : 0;
                var right = value.Operands.Count > 1 ? Number(value.Operands[1]) : 0;
                if (value.Op is Op.Add or Op.Multiply or Op.And or Op.Or or Op.Xor && left > right)
                {
                    (left, right) = (right, left);
                }

                var key = new Key(value.Op, value.Type, left, right, value.Immediate, value.Size, value.Op == Op.Compare ? value.Comparison : default, value.Symbol);
                if (!known.TryGetValue(key, out var candidates))
                {
                    known[key] = candidates = [];
                }

                if (candidates.Find(c => dominators.Dominates(c.Block!, block)) is { } same)
                {
                    replacements.Add(value, same);
                }
                else
                {
                    candidates.Add(value);
                }
            }
        }

        foreach (var block in function.Blocks)
        {
            block.Values.RemoveAll(replacements.ContainsKey);
        }

        Edit.ReplaceUses(function, replacements);
        return replacements.Count > 0;
    }

    private readonly record struct Key(Op Op, ValueType Type, int Left, int Right, long Immediate, int Size, Comparison Comparison, object? Symbol);
}
