using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// A block that only merges values for the phis of the block after it (the end of an inlined method at the end of another) is passed over: its predecessors
/// lead straight to where it leads, so that what each of them brings is seen there. Loop headers stay.
/// </summary>
internal sealed class PhiFlattening : IPass
{
    public string Name => "phi-flattening";

    public bool Run(Function function)
    {
        var changed = false;
        Dictionary<Value, int>? uses = null;
        Dominators? dominators = null;
        foreach (var block in function.Blocks.ToArray())
        {
            if (!IsOnlyMerge(block))
            {
                continue;
            }

            uses ??= Edit.CountUses(function);
            dominators ??= new Dominators(function);
            if (dominators.IsReachable(block) && block.Predecessors.TrueForAll(p => dominators.IsReachable(p) && !dominators.Dominates(block, p))
                && block.Values.TrueForAll(v => v.Op != Op.Phi || uses.GetValueOrDefault(v) == UsesNext(block, v)))
            {
                PassOver(function, block);
                (changed, uses, dominators) = (true, null, null);
            }
        }

        return changed;
    }

    private static bool IsOnlyMerge(Block block) =>
        block.Values.Count > 1 && block.Values[^1].Op == Op.Jump && block.Values[^2].Op == Op.Phi && block.Successors[0] is var next && next != block
        // Of two edges to one block, the order of the predecessors says which is which: that would be lost.
        && next.Values[0].Op == Op.Phi && !block.Predecessors.Exists(next.Predecessors.Contains);

    /// <summary>How often the phis of the next block take the value from this one.</summary>
    private static int UsesNext(Block block, Value value)
    {
        var index = block.Successors[0].Predecessors.IndexOf(block);
        return block.Successors[0].Values.TakeWhile(v => v.Op == Op.Phi).Count(phi => phi.Operands[index] == value);
    }

    private static void PassOver(Function function, Block block)
    {
        var next = block.Successors[0];
        var index = next.Predecessors.IndexOf(block);
        var phis = next.Values.TakeWhile(v => v.Op == Op.Phi).ToArray();
        var brought = phis.Select(phi => phi.Operands[index]).ToArray();
        for (var i = 0; i < block.Predecessors.Count; i++)
        {
            var from = block.Predecessors[i];
            next.Predecessors.Add(from);
            for (var phi = 0; phi < phis.Length; phi++)
            {
                phis[phi].Operands.Add(brought[phi] is { Op: Op.Phi } merged && merged.Block == block ? merged.Operands[i] : brought[phi]);
            }
        }

        foreach (var from in block.Predecessors.Distinct())
        {
            for (var i = 0; i < from.Successors.Count; i++)
            {
                from.Successors[i] = from.Successors[i] == block ? next : from.Successors[i];
            }
        }

        Edit.RemoveEdge(block, 0);
        block.Predecessors.Clear();
        function.Blocks.Remove(block);
    }
}
