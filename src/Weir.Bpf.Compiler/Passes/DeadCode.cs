using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Removes values that nobody uses, also those that only keep each other alive, and slots without an address.</summary>
internal sealed class DeadCode : IPass
{
    public string Name => "dead-code";

    public bool Run(Function function)
    {
        var live = new HashSet<Value>(ReferenceEqualityComparer.Instance);
        var work = new Stack<Value>();
        foreach (var value in function.Blocks.SelectMany(b => b.Values))
        {
            if (!Edit.IsRemovable(value) && live.Add(value))
            {
                work.Push(value);
            }
        }

        while (work.TryPop(out var value))
        {
            foreach (var operand in value.Operands)
            {
                if (live.Add(operand))
                {
                    work.Push(operand);
                }
            }
        }

        var removed = 0;
        foreach (var block in function.Blocks)
        {
            removed += block.Values.RemoveAll(v => !live.Contains(v));
        }

        var addressed = function.Blocks.SelectMany(b => b.Values).Where(v => v.Op == Op.StackAddress).Select(v => v.Symbol).ToHashSet();
        removed += function.StackSlots.RemoveAll(s => !addressed.Contains(s));
        return removed > 0;
    }
}
