using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// What holds at a place because every way to it has taken a branch: a block that has one predecessor is entered by one edge only, and what that edge says
/// holds wherever the block dominates. Removing edges keeps all of it true; new edges ask for new facts.
/// </summary>
internal sealed class Facts(Dominators dominators)
{
    /// <summary>How far up the dominator tree is looked.</summary>
    private const int MostSteps = 48;

    /// <summary>Whether a comparison holds at a block's start; null where that is not known.</summary>
    public bool? Decide(Block at, Comparison comparison, Value left, Value right) => Decide(At(at), comparison, left, right);

    /// <summary>Whether a comparison holds on an edge.</summary>
    public bool? DecideOnEdge(Block from, int successor, Comparison comparison, Value left, Value right) =>
        Decide(OnEdge(from, successor), comparison, left, right);

    /// <summary>The constant that a value is on an edge, or null.</summary>
    public long? ConstantOnEdge(Block from, int successor, Value value)
    {
        if (value.Op == Op.Constant)
        {
            return value.Immediate;
        }

        foreach (var (comparison, left, right) in OnEdge(from, successor))
        {
            if (comparison == Comparison.Equal && left == value && right.Op == Op.Constant)
            {
                return right.Immediate;
            }
        }

        return value.Op == Op.Compare && DecideOnEdge(from, successor, value.Comparison, value.Operands[0], value.Operands[1]) is { } truth ? truth ? 1 : 0 : null;
    }

    private static bool? Decide(IEnumerable<(Comparison Comparison, Value Left, Value Right)> facts, Comparison comparison, Value left, Value right)
    {
        foreach (var fact in facts)
        {
            if (fact.Left == left && IsSame(fact.Right, right))
            {
                if (Implies(fact.Comparison, comparison) is { } outcome)
                {
                    return outcome;
                }
            }
            else if (fact.Left == right && fact.Right == left)
            {
                if (Implies(Edit.Exchanged(fact.Comparison), comparison) is { } outcome)
                {
                    return outcome;
                }
            }
            else if (fact.Comparison == Comparison.Equal && fact.Left == left && fact.Right.Op == Op.Constant && right.Op == Op.Constant)
            {
                return IrInterpreter.Compare(comparison, left.Type, fact.Right.Immediate, right.Immediate);
            }
        }

        return null;
    }

    /// <summary>Whether one comparison of two values says that another one of them holds, or that it does not.</summary>
    private static bool? Implies(Comparison known, Comparison asked)
    {
        if (known == asked)
        {
            return true;
        }

        if (known == Edit.Opposite(asked))
        {
            return false;
        }

        // Bit tests are no order, and signed and unsigned orders say nothing of each other.
        return known switch
        {
            Comparison.Equal => asked switch
            {
                Comparison.LessOrEqualUnsigned or Comparison.GreaterOrEqualUnsigned or Comparison.LessOrEqualSigned or Comparison.GreaterOrEqualSigned => true,
                Comparison.LessUnsigned or Comparison.GreaterUnsigned or Comparison.LessSigned or Comparison.GreaterSigned => false,
                _ => null,
            },
            Comparison.LessUnsigned => asked switch
            {
                Comparison.LessOrEqualUnsigned or Comparison.NotEqual => true,
                Comparison.GreaterUnsigned or Comparison.Equal => false,
                _ => null,
            },
            Comparison.GreaterUnsigned => asked switch
            {
                Comparison.GreaterOrEqualUnsigned or Comparison.NotEqual => true,
                Comparison.LessUnsigned or Comparison.Equal => false,
                _ => null,
            },
            Comparison.LessSigned => asked switch
            {
                Comparison.LessOrEqualSigned or Comparison.NotEqual => true,
                Comparison.GreaterSigned or Comparison.Equal => false,
                _ => null,
            },
            Comparison.GreaterSigned => asked switch
            {
                Comparison.GreaterOrEqualSigned or Comparison.NotEqual => true,
                Comparison.LessSigned or Comparison.Equal => false,
                _ => null,
            },
            _ => null,
        };
    }

    private static bool IsSame(Value a, Value b) =>
        a == b || (a.Op == Op.Constant && b.Op == Op.Constant && a.Type == b.Type && a.Immediate == b.Immediate);

    private static (Comparison Comparison, Value Left, Value Right)? OfEdge(Block from, int successor)
    {
        if (from.Terminator is not { Op: Op.Branch } branch || from.Successors[0] == from.Successors[1])
        {
            return null;
        }

        return (successor == 0 ? branch.Comparison : Edit.Opposite(branch.Comparison), branch.Operands[0], branch.Operands[1]);
    }

    private IEnumerable<(Comparison Comparison, Value Left, Value Right)> OnEdge(Block from, int successor)
    {
        if (OfEdge(from, successor) is { } fact)
        {
            yield return fact;
        }

        foreach (var other in At(from))
        {
            yield return other;
        }
    }

    private IEnumerable<(Comparison Comparison, Value Left, Value Right)> At(Block block)
    {
        Block? at = dominators.IsReachable(block) ? block : null;
        for (var step = 0; at is not null && step < MostSteps; step++)
        {
            if (at.Predecessors.Count == 1 && at.Predecessors[0] is var from && OfEdge(from, from.Successors.IndexOf(at)) is { } fact)
            {
                yield return fact;
            }

            at = dominators.ImmediateDominator(at);
        }
    }
}
