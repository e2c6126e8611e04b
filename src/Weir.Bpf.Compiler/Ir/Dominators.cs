namespace Weir.Bpf.Compiler.Ir;

/// <summary>Reverse postorder and immediate dominators of the reachable blocks (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm).</summary>
public sealed class Dominators
{
    private readonly Dictionary<Block, int> _number = [];
    private readonly int[] _immediate;

    /// <summary>When a walk over the dominator tree enters and leaves a block: one dominates what lies between.</summary>
    private readonly int[] _entered;
    private readonly int[] _left;

    public Dominators(Function function)
        : this(ReversePostorder(function))
    {
    }

    /// <summary>Over blocks that are already in reverse postorder.</summary>
    public Dominators(IReadOnlyList<Block> order)
    {
        Order = order;
        for (var i = 0; i < Order.Count; i++)
        {
            _number[Order[i]] = i;
        }

        _immediate = new int[Order.Count];
        Array.Fill(_immediate, -1);
        _immediate[0] = 0;
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = 1; i < Order.Count; i++)
            {
                var dominator = -1;
                foreach (var predecessor in Order[i].Predecessors)
                {
                    if (_number.TryGetValue(predecessor, out var p) && _immediate[p] >= 0)
                    {
                        dominator = dominator < 0 ? p : Intersect(p, dominator);
                    }
                }

                if (_immediate[i] != dominator)
                {
                    _immediate[i] = dominator;
                    changed = true;
                }
            }
        }

        _entered = new int[Order.Count];
        _left = new int[Order.Count];
        NumberTree();
    }

    /// <summary>The reachable blocks in reverse postorder; the entry is first.</summary>
    public IReadOnlyList<Block> Order { get; }

    public bool IsReachable(Block block) => _number.ContainsKey(block);

    /// <summary>The block's number in <see cref="Order"/>.</summary>
    public int NumberOf(Block block) => _number[block];

    /// <summary>The immediate dominator, or null for the entry.</summary>
    public Block? ImmediateDominator(Block block) => _number[block] is var i and > 0 ? Order[_immediate[i]] : null;

    /// <summary>Whether every way to <paramref name="block"/> leads through <paramref name="dominator"/> (or they are the same).</summary>
    public bool Dominates(Block dominator, Block block)
    {
        var (above, below) = (_number[dominator], _number[block]);
        return _entered[above] <= _entered[below] && _left[below] <= _left[above];
    }

    /// <summary>The blocks that can be reached from the entry, each before its successors except along back edges.</summary>
    public static List<Block> ReversePostorder(Function function)
    {
        var order = new List<Block>();
        var seen = new HashSet<Block> { function.Blocks[0] };
        var stack = new Stack<(Block Block, int Next)>();
        stack.Push((function.Blocks[0], 0));
        while (stack.TryPop(out var top))
        {
            if (top.Next == top.Block.Successors.Count)
            {
                order.Add(top.Block);
                continue;
            }

            stack.Push((top.Block, top.Next + 1));
            // Last successor first: the true side of a branch then follows it directly.
            var successor = top.Block.Successors[top.Block.Successors.Count - 1 - top.Next];
            if (seen.Add(successor))
            {
                stack.Push((successor, 0));
            }
        }

        order.Reverse();
        return order;
    }

    private void NumberTree()
    {
        var children = new List<int>[Order.Count];
        for (var i = 0; i < children.Length; i++)
        {
            children[i] = [];
            if (i > 0)
            {
                children[_immediate[i]].Add(i);
            }
        }

        var clock = 0;
        var stack = new Stack<(int Block, int Next)>([(0, 0)]);
        while (stack.TryPop(out var top))
        {
            if (top.Next == 0)
            {
                _entered[top.Block] = clock++;
            }

            if (top.Next == children[top.Block].Count)
            {
                _left[top.Block] = clock++;
                continue;
            }

            stack.Push((top.Block, top.Next + 1));
            stack.Push((children[top.Block][top.Next], 0));
        }
    }

    private int Intersect(int a, int b)
    {
        while (a != b)
        {
            if (a > b)
            {
                a = _immediate[a];
            }
            else
            {
                b = _immediate[b];
            }
        }

        return a;
    }
}
