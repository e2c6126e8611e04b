using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>A basic block of a method's IL: instructions from <see cref="Start"/> up to <see cref="End"/> (indices).</summary>
internal sealed class Flow(int start, int end)
{
    public int Start { get; } = start;

    public int End { get; } = end;

    /// <summary>Targets in the order of the instruction; what follows is last.</summary>
    public List<Flow> Successors { get; } = [];

    public HashSet<Flow> Predecessors { get; } = [];

    public Block Block { get; set; } = new();

    public bool IsDecoded { get; set; }

    /// <summary>Whether a way leads from here back to here.</summary>
    public bool IsInLoop
    {
        get
        {
            var seen = new HashSet<Flow>();
            var work = new Stack<Flow>(Successors);
            while (work.TryPop(out var flow))
            {
                if (flow == this)
                {
                    return true;
                }

                if (seen.Add(flow))
                {
                    flow.Successors.ForEach(work.Push);
                }
            }

            return false;
        }
    }

    /// <summary>The evaluation stack as each edge into the block leaves it.</summary>
    public List<(Block From, Item[] Items)> Entries { get; } = [];

    /// <summary>The reachable blocks of a method in reverse postorder.</summary>
    public static List<Flow> Of(MethodBody body)
    {
        var code = body.Instructions;
        var indexOf = new Dictionary<Instruction, int>();
        var leaders = new SortedSet<int> { 0 };
        for (var i = 0; i < code.Count; i++)
        {
            indexOf.Add(code[i], i);
        }

        for (var i = 0; i < code.Count; i++)
        {
            foreach (var target in Targets(code[i]))
            {
                leaders.Add(indexOf[target]);
            }

            if (Opcodes.EndsBlock(code[i]) && i + 1 < code.Count)
            {
                leaders.Add(i + 1);
            }
        }

        var starts = leaders.ToArray();
        var flows = new Dictionary<int, Flow>();
        for (var i = 0; i < starts.Length; i++)
        {
            flows.Add(starts[i], new Flow(starts[i], i + 1 < starts.Length ? starts[i + 1] : code.Count));
        }

        foreach (var flow in flows.Values)
        {
            var last = code[flow.End - 1];
            flow.Successors.AddRange(Targets(last).Select(t => flows[indexOf[t]]));
            if (last.OpCode.FlowControl is not (FlowControl.Branch or FlowControl.Return or FlowControl.Throw) && flows.TryGetValue(flow.End, out var following))
            {
                flow.Successors.Add(following);
            }
        }

        var order = new List<Flow>();
        var seen = new HashSet<Flow>();
        Visit(flows[0]);
        order.Reverse();
        foreach (var flow in order)
        {
            foreach (var successor in flow.Successors)
            {
                successor.Predecessors.Add(flow);
            }
        }

        return order;

        void Visit(Flow flow)
        {
            if (!seen.Add(flow))
            {
                return;
            }

            foreach (var successor in flow.Successors)
            {
                Visit(successor);
            }

            order.Add(flow);
        }
    }

    private static IEnumerable<Instruction> Targets(Instruction instruction) => instruction.Operand switch
    {
        Instruction target => [target],
        Instruction[] targets => targets,
        _ => [],
    };
}
