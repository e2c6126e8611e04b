using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Branches, switch, return.</summary>
internal sealed partial class MethodDecoder
{
    // In the order of the opcodes from beq on.
    private static readonly Comparison[] s_branches =
    [
        Comparison.Equal, Comparison.GreaterOrEqualSigned, Comparison.GreaterSigned, Comparison.LessOrEqualSigned, Comparison.LessSigned,
        Comparison.NotEqual, Comparison.GreaterOrEqualUnsigned, Comparison.GreaterUnsigned, Comparison.LessOrEqualUnsigned, Comparison.LessUnsigned,
    ];

    private void BranchOnTruth(bool whenTrue)
    {
        var value = PopValue();
        var comparison = Comparison.NotEqual;
        Value left = value, right;
        if (value.Op == Op.Compare)
        {
            (comparison, left, right) = (value.Comparison, Ssa.Current(value.Operands[0]), Ssa.Current(value.Operands[1]));
        }
        else
        {
            right = Ir.Constant(value.Type, 0);
        }

        Branch(whenTrue ? comparison : Invert(comparison), left, right);
    }

    private void BranchOnComparison(int number)
    {
        var right = PopValue();
        var left = PopValue();
        var (comparison, a, b) = Prepare(s_branches[number], left, right);
        Branch(comparison, a, b);
    }

    private void Branch(Comparison comparison, Value left, Value right)
    {
        var (taken, following) = (_flow.Successors[0], _flow.Successors[1]);
        NoteStack(taken, following);
        Ir.Branch(comparison, left, right, taken.Block, following.Block);
    }

    /// <summary>A balanced tree of comparisons over runs of cases with the same target.</summary>
    private void Switch()
    {
        var value = FitType(PopValue(), ValueType.I32);
        var targets = _flow.Successors;
        NoteStack([.. targets.Distinct()]);
        var runs = new List<(uint From, Flow Target)>();
        for (var i = 0; i < targets.Count; i++)
        {
            // The last one is what follows: for all numbers from there on.
            if (runs.Count == 0 || runs[^1].Target != targets[i])
            {
                runs.Add(((uint)i, targets[i]));
            }
        }

        SwitchTree(value, runs, 0, runs.Count);
    }

    private void SwitchTree(Value value, List<(uint From, Flow Target)> runs, int from, int to)
    {
        if (to - from == 1)
        {
            Ir.Jump(runs[from].Target.Block);
            return;
        }

        var middle = (from + to) / 2;
        var below = middle - from == 1 ? runs[from].Target.Block : new Block();
        var above = to - middle == 1 ? runs[middle].Target.Block : new Block();
        Ir.Branch(Comparison.LessUnsigned, value, Ir.Constant(ValueType.I32, runs[middle].From), below, above);
        if (middle - from > 1)
        {
            Open(below);
            SwitchTree(value, runs, from, middle);
        }

        if (to - middle > 1)
        {
            Open(above);
            SwitchTree(value, runs, middle, to);
        }
    }

    /// <summary>Makes a block with one predecessor the current one.</summary>
    private void Open(Block block)
    {
        Ir.Function.Blocks.Add(block);
        Ssa.Seal(block);
        Ir.Current = block;
    }

    private void Return()
    {
        Item? item = _returnKind.IsVoid ? null : Pop();
        if (item is { } returned && !_returnKind.IsStruct)
        {
            item = returned with
            {
                Value = Fit(returned, _returnKind),
                IsContext = returned.IsContext || Types.IsContextPointer(_returnType),
                IsToNative = TypeSystem.IsNativePointer(_returnType),
            };
        }

        if (!_hasManyReturns)
        {
            _result = item;
            _end = Ir.Current;
            return;
        }

        if (_resultSlot is not null)
        {
            CopyStruct(Ir.StackAddress(_resultSlot), 0, item!.Value);
        }
        else if (_resultVariable is not null)
        {
            Ssa.Write(_resultVariable, Ir.Current, item!.Value.Value);
        }

        Ir.Jump(_end!);
    }

    /// <summary>The one of two values for which the comparison holds: by a branch, so that the verifier learns the bound.</summary>
    private Value Select(Comparison comparison, Value left, Value right)
    {
        var variable = new Variable("selected", left.Type);
        var (otherwise, join) = (new Block(), new Block());
        Ssa.Write(variable, Ir.Current, left);
        Ir.Branch(comparison, left, right, join, otherwise);
        Open(otherwise);
        Ssa.Write(variable, otherwise, right);
        Ir.Jump(join);
        Open(join);
        return Ssa.Read(variable, join);
    }
}
