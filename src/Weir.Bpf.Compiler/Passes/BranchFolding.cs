using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// A branch on constants, of a value with itself, to one target with equal phis, or on what earlier branches have settled becomes a jump; what nothing leads
/// to any more is removed.
/// </summary>
internal sealed class BranchFolding : IPass
{
    public string Name => "branch-folding";

    public bool Run(Function function)
    {
        var changed = false;
        var facts = new Facts(new Dominators(function));
        foreach (var block in function.Blocks)
        {
            if (block.Terminator is { Op: Op.Branch } branch && (Outcome(block, branch) ?? Settled(facts, block, branch)) is { } kept)
            {
                Edit.ReplaceByJump(block, kept);
                changed = true;
            }
        }

        return Edit.RemoveUnreachable(function) || changed;
    }

    private static int? Settled(Facts facts, Block block, Value branch) =>
        facts.Decide(block, branch.Comparison, branch.Operands[0], branch.Operands[1]) is { } truth ? truth ? 0 : 1 : null;

    private static int? Outcome(Block block, Value branch)
    {
        var (left, right) = (branch.Operands[0], branch.Operands[1]);
        if (left.Op == Op.Constant && right.Op == Op.Constant)
        {
            return IrInterpreter.Compare(branch.Comparison, left.Type, left.Immediate, right.Immediate) ? 0 : 1;
        }

        if (left.Op is Op.StackAddress or Op.MapValueAddress && Edit.IsConstant(right, 0) && branch.Comparison is Comparison.Equal or Comparison.NotEqual)
        {
            // The address of something that is there.
            return branch.Comparison == Comparison.NotEqual ? 0 : 1;
        }

        if (left == right && branch.Comparison is not (Comparison.BitsSet or Comparison.BitsClear))
        {
            return IrInterpreter.Compare(branch.Comparison, left.Type, 0, 0) ? 0 : 1;
        }

        if (block.Successors[0] == block.Successors[1])
        {
            var (first, second) = (Edit.PredecessorIndex(block, 0), Edit.PredecessorIndex(block, 1));
            if (block.Successors[0].Values.TakeWhile(v => v.Op == Op.Phi).All(phi => phi.Operands[first] == phi.Operands[second]))
            {
                return 0;
            }
        }

        return null;
    }
}
