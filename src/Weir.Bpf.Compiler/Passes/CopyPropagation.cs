using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Replaces phis that only ever are one value by that value, also where phis of a loop only name each other (Braun et al. 2013).</summary>
internal sealed class CopyPropagation : IPass
{
    public string Name => "copy-propagation";

    public bool Run(Function function)
    {
        var replacements = new Dictionary<Value, Value>(ReferenceEqualityComparer.Instance);
        var phis = function.Blocks.SelectMany(b => b.Values.TakeWhile(v => v.Op == Op.Phi)).ToList();
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var phi in phis)
            {
                if (!replacements.ContainsKey(phi) && OnlyValue(phi, replacements) is { } only)
                {
                    replacements.Add(phi, only);
                    changed = true;
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

    private static Value? OnlyValue(Value phi, Dictionary<Value, Value> replacements)
    {
        Value? only = null;
        foreach (var operand in phi.Operands)
        {
            var value = Edit.Resolve(operand, replacements);
            if (value == phi || value == only)
            {
                continue;
            }

            if (only is not null)
            {
                return null;
            }

            only = value;
        }

        return only;
    }
}
