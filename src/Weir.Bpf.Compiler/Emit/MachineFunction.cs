using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>A block of machine instructions. A branch's targets are its first two successors.</summary>
internal sealed class MachineBlock
{
    public List<MachineInstruction> Instructions { get; } = [];

    public List<MachineBlock> Successors { get; } = [];

    /// <summary>How many loops it is in.</summary>
    public int LoopDepth { get; set; }
}

/// <summary>A function on its way to instructions.</summary>
internal sealed class MachineFunction(Function source)
{
    public Function Source { get; } = source;

    public List<MachineBlock> Blocks { get; } = [];

    /// <summary>The next unused virtual register.</summary>
    public int NextRegister { get; set; } = MachineInstruction.FirstVirtual;

    /// <summary>Slots of the source and of spills.</summary>
    public List<StackSlot> Slots { get; } = [.. source.StackSlots];

    /// <summary>Each slot's place: a negative offset from the frame pointer.</summary>
    public Dictionary<StackSlot, int> SlotOffsets { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Bytes of the frame, in multiples of 8.</summary>
    public int StackBytes { get; set; }

    /// <summary>How often a register was spilled.</summary>
    public int Spills { get; set; }

    /// <summary>The blocks that lead to each block, one entry an edge.</summary>
    public Dictionary<MachineBlock, List<MachineBlock>> Predecessors()
    {
        var predecessors = Blocks.ToDictionary(b => b, _ => new List<MachineBlock>());
        foreach (var block in Blocks)
        {
            foreach (var successor in block.Successors)
            {
                predecessors[successor].Add(block);
            }
        }

        return predecessors;
    }
}
