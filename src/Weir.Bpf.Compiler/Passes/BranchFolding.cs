using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>A branch on constants, of a value with itself, or to one target with equal phis, becomes a jump; what nothing leads to any more is removed.</summary>
internal sealed class BranchFolding : IPass
{
    public string Name => "branch-folding";

    public bool Run(Function function)
    {
        var changed = false;
        foreach (var block in function.Blocks)
        {
            if (block.Terminator is { Op: Op.Branch } branch && Outcome(block, branch) is { } kept)
            {
                Edit.ReplaceByJump(block, kept);
                changed = true;
            }
        }

        return Edit.RemoveUnreachable(function) || changed;
    }

    private static int? Outcome(Block block, Value branch)
    {
        var (left, right) = (branch.Operands[0], branch.Operands[1]);
        if (left.Op == Op.Constant && right.Op == Op.Constant)
        {
            return IrInterpreter.Compare(branch.Comparison, left.Type, left.Immediate, right.Immediate) ? 0 : 1;
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
