namespace Weir.Bpf.Compiler.Ir;

/// <summary>A basic block: phis, then other values, then one terminator.</summary>
public sealed class Block
{
    public List<Value> Values { get; } = [];

    /// <summary>One entry an edge; a branch whose two targets are the same block makes two entries. The order is that of phi operands.</summary>
    public List<Block> Predecessors { get; } = [];

    /// <summary>Jump: one; branch: two (true, false); return: none.</summary>
    public List<Block> Successors { get; } = [];

    public Value? Terminator => Values.Count > 0 && Values[^1].IsTerminator ? Values[^1] : null;
}
