using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>Joins a block with the only block that leads to it by a jump.</summary>
internal sealed class BlockStraightening : IPass
{
    public string Name => "block-straightening";

    public bool Run(Function function)
    {
        var gone = new HashSet<Block>(ReferenceEqualityComparer.Instance);
        var replacements = new Dictionary<Value, Value>(ReferenceEqualityComparer.Instance);
        foreach (var block in function.Blocks)
        {
            if (gone.Contains(block))
            {
                continue;
            }

            while (block.Values[^1].Op == Op.Jump && block.Successors[0] is var next && next != block && next.Predecessors.Count == 1)
            {
                block.Values.RemoveAt(block.Values.Count - 1);
                foreach (var value in next.Values)
                {
                    if (value.Op == Op.Phi)
                    {
                        replacements.Add(value, value.Operands[0]);
                    }
                    else
                    {
                        value.Block = block;
                        block.Values.Add(value);
                    }
                }

                block.Successors.Clear();
                block.Successors.AddRange(next.Successors);
                foreach (var successor in next.Successors.Distinct())
                {
                    for (var i = 0; i < successor.Predecessors.Count; i++)
                    {
                        if (successor.Predecessors[i] == next)
                        {
                            successor.Predecessors[i] = block;
                        }
                    }
                }

                gone.Add(next);
            }
        }

        function.Blocks.RemoveAll(gone.Contains);
        Edit.ReplaceUses(function, replacements);
        return gone.Count > 0;
    }
}
