using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// An inlined <c>bool</c> method leaves a block that only merges constants and branches on them, and one that returns a pointer or null a block that asks
/// again what was asked before. Edges on which the outcome is known, from a constant or from the branch that they come from, go straight to where it leads;
/// a jump that brings the result of a comparison branches on it itself.
/// The block must do nothing else and be no loop's header (that would turn loops around); its phis' other uses are mended by reading them anew
/// (Braun et al. 2013).
/// </summary>
internal sealed class PhiBranching : IPass
{
    public string Name => "phi-branching";

    public bool Run(Function function)
    {
        var changed = false;
        var dominators = new Dominators(function);
        var uses = Edit.CountUses(function);
        foreach (var block in function.Blocks.ToArray())
        {
            if (Redirect(function, block, dominators, uses))
            {
                changed = true;
                dominators = new Dominators(function);
                uses = Edit.CountUses(function);
            }
        }

        return Edit.RemoveUnreachable(function) || changed;
    }

    private static bool Redirect(Function function, Block block, Dominators dominators, Dictionary<Value, int> uses)
    {
        if (block.Terminator is not { Op: Op.Branch } branch || block.Predecessors.Count < 2 || block.Successors.Contains(block)
            || block.Values.Exists(v => v != branch && v.Op != Op.Phi && !Edit.IsPure(v)))
        {
            return false;
        }

        var facts = new Facts(dominators);
        var ways = new Way[block.Predecessors.Count];
        for (var i = 0; i < ways.Length; i++)
        {
            ways[i] = Outcome(block, branch, i, facts) ?? (BringsComparison(block, branch, i, uses) ? Way.Both : Way.Unknown);
        }

        if (Array.TrueForAll(ways, w => w == Way.Unknown))
        {
            return false;
        }

        if (!dominators.IsReachable(block) || block.Predecessors.Exists(p => !dominators.IsReachable(p) || dominators.Dominates(block, p)))
        {
            return false;
        }

        // Values that are computed here must be of use here only; constants can be anywhere.
        HoistConstants(function, block);
        if (function.Blocks.Exists(b => b != block && b.Values.Exists(v => v.Operands.Exists(o => o.Block == block && o.Op != Op.Phi))))
        {
            return false;
        }

        Apply(function, block, ways);
        return true;
    }

    /// <summary>Whether a predecessor ends in a jump and brings a comparison's result, used for nothing else, that is asked for its truth.</summary>
    private static bool BringsComparison(Block block, Value branch, int predecessor, Dictionary<Value, int> uses) =>
        block.Predecessors[predecessor].Successors.Count == 1
        && branch.Operands[0] is { Op: Op.Phi } phi && phi.Block == block && uses.GetValueOrDefault(phi) == 1
        && phi.Operands[predecessor] is { Op: Op.Compare } compare && uses.GetValueOrDefault(compare) == 1
        && branch.Operands[1].Op == Op.Constant && branch.Comparison is Comparison.Equal or Comparison.NotEqual;

    private static void HoistConstants(Function function, Block block)
    {
        var constants = block.Values.Where(v => v.Op == Op.Constant).ToArray();
        block.Values.RemoveAll(v => v.Op == Op.Constant);
        foreach (var constant in constants)
        {
            constant.Block = function.Blocks[0];
            function.Blocks[0].Values.Insert(0, constant);
        }
    }

    /// <summary>Which way the branch goes for who comes from a predecessor; null where that is not known.</summary>
    private static Way? Outcome(Block block, Value branch, int predecessor, Facts facts)
    {
        var from = block.Predecessors[predecessor];
        var successor = SuccessorIndex(from, block, predecessor);
        var known = new Dictionary<Value, long>(ReferenceEqualityComparer.Instance);
        long? Of(Value value) => value.Op == Op.Constant ? value.Immediate : known.TryGetValue(value, out var found) ? found : null;
        foreach (var value in block.Values)
        {
            if (value.Op == Op.Phi)
            {
                if (facts.ConstantOnEdge(from, successor, value.Operands[predecessor]) is { } constant)
                {
                    known[value] = constant;
                }
            }
            else if (value != branch && value.Operands.Count is 1 or 2 && value.Type is ValueType.I32 or ValueType.I64
                && Of(value.Operands[0]) is { } a && Of(value.Operands[^1]) is { } b)
            {
                known[value] = IrInterpreter.Compute(value, a, b);
            }
        }

        var (left, right) = (Brought(branch.Operands[0]), Brought(branch.Operands[1]));
        var outcome = Of(branch.Operands[0]) is { } x && Of(branch.Operands[1]) is { } y
            ? IrInterpreter.Compare(branch.Comparison, branch.Operands[0].Type, x, y)
            : facts.DecideOnEdge(from, successor, branch.Comparison, left, right);
        return outcome is { } truth ? truth ? Way.First : Way.Second : null;

        // What the predecessor brings for a phi of this block.
        Value Brought(Value value) => value.Op == Op.Phi && value.Block == block ? value.Operands[predecessor] : value;
    }

    private static void Apply(Function function, Block block, Way[] ways)
    {
        var phis = block.Values.TakeWhile(v => v.Op == Op.Phi).ToArray();
        var definitions = phis.ToDictionary(p => p, p => new Dictionary<Block, Value>(ReferenceEqualityComparer.Instance) { [block] = p });
        for (var i = ways.Length - 1; i >= 0; i--)
        {
            if (ways[i] == Way.Unknown)
            {
                continue;
            }

            var from = block.Predecessors[i];
            if (ways[i] == Way.Both)
            {
                var (branch, phi) = (block.Values[^1], block.Values[^1].Operands[0]);
                var copy = new Value(Op.Branch, ValueType.Void) { Block = from, Comparison = branch.Comparison, Location = branch.Location };
                copy.Operands.Add(phi.Operands[i]);
                copy.Operands.Add(branch.Operands[1]);
                from.Values[^1] = copy;
                from.Successors.Clear();
                from.Successors.Add(AddEdge(0));
                from.Successors.Add(AddEdge(1));
            }
            else
            {
                from.Successors[SuccessorIndex(from, block, i)] = AddEdge(ways[i] == Way.First ? 0 : 1);
            }

            block.Predecessors.RemoveAt(i);
            foreach (var phi in phis)
            {
                phi.Operands.RemoveAt(i);
            }

            // An edge of its own, so that what it brings has a place.
            Block AddEdge(int successor)
            {
                var to = block.Successors[successor];
                var index = Edit.PredecessorIndex(block, successor);
                var edge = new Block();
                edge.Values.Add(new Value(Op.Jump, ValueType.Void) { Block = edge, Location = block.Values[^1].Location });
                edge.Predecessors.Add(from);
                edge.Successors.Add(to);
                function.Blocks.Add(edge);
                to.Predecessors.Add(edge);
                foreach (var phi in to.Values.TakeWhile(v => v.Op == Op.Phi))
                {
                    phi.Operands.Add(phi.Operands[index]);
                }

                foreach (var phi in phis)
                {
                    definitions[phi].Add(edge, phi.Operands[i]);
                }

                return edge;
            }
        }

        foreach (var phi in phis)
        {
            Mend(function, phi, definitions[phi]);
        }
    }

    /// <summary>The successor entry that belongs to a predecessor entry.</summary>
    private static int SuccessorIndex(Block from, Block to, int predecessor)
    {
        var occurrence = to.Predecessors.Take(predecessor).Count(p => p == from);
        for (var i = 0; ; i++)
        {
            if (from.Successors[i] == to && occurrence-- == 0)
            {
                return i;
            }
        }
    }

    /// <summary>Every use of the phi outside of its block reads what reaches it now.</summary>
    private static void Mend(Function function, Value phi, Dictionary<Block, Value> atExit)
    {
        var atEntry = new Dictionary<Block, Value>(ReferenceEqualityComparer.Instance);
        var made = new List<Value>();
        Value AtExit(Block block) => atExit.TryGetValue(block, out var value) ? value : AtEntry(block);
        Value AtEntry(Block block)
        {
            if (atEntry.TryGetValue(block, out var known))
            {
                return known;
            }

            if (block.Predecessors.Count == 0)
            {
                // Only on ways on which nobody reads it.
                var undefined = new Value(Op.Constant, phi.Type) { Block = block };
                made.Add(undefined);
                return atEntry[block] = undefined;
            }

            if (block.Predecessors.Count == 1)
            {
                return atEntry[block] = AtExit(block.Predecessors[0]);
            }

            var merged = new Value(Op.Phi, phi.Type) { Block = block, Location = phi.Location };
            made.Add(merged);
            atEntry[block] = merged;
            foreach (var predecessor in block.Predecessors)
            {
                merged.Operands.Add(AtExit(predecessor));
            }

            return merged;
        }

        foreach (var block in function.Blocks.ToArray())
        {
            foreach (var value in block.Values)
            {
                for (var i = 0; i < value.Operands.Count; i++)
                {
                    if (value.Operands[i] == phi)
                    {
                        value.Operands[i] = value.Op == Op.Phi ? AtExit(block.Predecessors[i]) : block == phi.Block ? phi : AtEntry(block);
                    }
                }
            }
        }

        foreach (var value in made)
        {
            value.Block!.Values.Insert(0, value);
        }
    }

    /// <summary>Where an edge goes.</summary>
    private enum Way
    {
        /// <summary>Through the block, as before.</summary>
        Unknown,

        /// <summary>To its first successor.</summary>
        First,

        /// <summary>To its second successor.</summary>
        Second,

        /// <summary>To either, by a branch of its own.</summary>
        Both,
    }
}
