using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Puts a block on every edge from a branch to a block with phis and other predecessors, so that the phis' copies have a place.</summary>
internal sealed class CriticalEdges : IPass
{
    public string Name => "critical-edges";

    public bool IsRequired => true;

    public bool Run(Function function)
    {
        var changed = false;
        foreach (var block in function.Blocks.ToArray())
        {
            if (block.Successors.Count < 2)
            {
                continue;
            }

            for (var i = 0; i < block.Successors.Count; i++)
            {
                var successor = block.Successors[i];
                if (successor.Values[0].Op != Op.Phi)
                {
                    continue;
                }

                var index = Edit.PredecessorIndex(block, i);
                var middle = new Block();
                middle.Values.Add(new Value(Op.Jump, ValueType.Void) { Block = middle, Location = block.Values[^1].Location });
                middle.Predecessors.Add(block);
                middle.Successors.Add(successor);
                successor.Predecessors[index] = middle;
                block.Successors[i] = middle;
                function.Blocks.Add(middle);
                changed = true;
            }
        }

        return changed;
    }
}
