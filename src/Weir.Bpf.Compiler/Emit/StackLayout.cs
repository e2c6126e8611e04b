using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>
/// Gives every slot of a frame its place. Slots that never hold something of use at the same time share bytes. A slot whose address stays in a
/// register, or goes to memory, keeps its bytes for the whole function; one that only calls see does not.
/// </summary>
internal static class StackLayout
{
    public static void Run(MachineFunction function)
    {
        var slots = new List<StackSlot>();
        var numbers = new Dictionary<StackSlot, int>(ReferenceEqualityComparer.Instance);
        foreach (var instruction in function.Blocks.SelectMany(b => b.Instructions))
        {
            if (instruction.Symbol is StackSlot slot && numbers.TryAdd(slot, slots.Count))
            {
                slots.Add(slot);
            }
        }

        var conflicts = FindConflicts(function, slots, numbers);
        var offsets = new int[slots.Count];
        var placed = new List<int>();
        foreach (var slot in Enumerable.Range(0, slots.Count).OrderByDescending(i => slots[i].Size).ThenBy(i => i))
        {
            var alignment = Lowering.AlignmentOf(slots[slot]);
            var at = -RoundUp(slots[slot].Size, alignment);
            for (var moved = true; moved;)
            {
                moved = false;
                foreach (var other in placed)
                {
                    if (conflicts[slot][other] && at < offsets[other] + slots[other].Size && offsets[other] < at + slots[slot].Size)
                    {
                        at = -RoundUp(-(offsets[other] - slots[slot].Size), alignment);
                        moved = true;
                    }
                }
            }

            offsets[slot] = at;
            placed.Add(slot);
            function.SlotOffsets[slots[slot]] = at;
        }

        function.StackBytes = RoundUp(offsets.Length == 0 ? 0 : -offsets.Min(), 8);
    }

    private static int RoundUp(int size, int alignment) => (size + alignment - 1) / alignment * alignment;

    private static BitSet[] FindConflicts(MachineFunction function, List<StackSlot> slots, Dictionary<StackSlot, int> numbers)
    {
        var count = slots.Count;
        var conflicts = new BitSet[count];
        for (var i = 0; i < count; i++)
        {
            conflicts[i] = new BitSet(count);
        }

        var (passed, pinned) = FindPassed(function, numbers);
        var reached = Reached(function, numbers, passed, count);
        var liveIn = function.Blocks.ToDictionary(b => b, _ => new BitSet(count));
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = function.Blocks.Count - 1; i >= 0; i--)
            {
                var block = function.Blocks[i];
                changed |= liveIn[block].UnionWith(Walk(block, LiveOut(block), null));
            }
        }

        foreach (var block in function.Blocks)
        {
            Walk(block, LiveOut(block), conflicts);
        }

        foreach (var slot in pinned)
        {
            for (var other = 0; other < count; other++)
            {
                Conflict(slot, other);
            }
        }

        return conflicts;

        BitSet LiveOut(MachineBlock block)
        {
            var live = new BitSet(count);
            foreach (var successor in block.Successors)
            {
                live.UnionWith(liveIn[successor]);
            }

            return live;
        }

        void Conflict(int a, int b)
        {
            if (a != b)
            {
                conflicts[a][b] = true;
                conflicts[b][a] = true;
            }
        }

        BitSet Walk(MachineBlock block, BitSet live, BitSet[]? record)
        {
            // What was never written on a way to here needs no bytes here. Within the block the writes are seen in order.
            var initialised = record is null ? null : InitialisedBefore(block, reached[block], numbers, passed);
            for (var i = block.Instructions.Count - 1; i >= 0; i--)
            {
                var instruction = block.Instructions[i];
                var mentioned = Mentions(instruction, numbers, passed);
                if (record is not null)
                {
                    var present = live.Copy();
                    present.IntersectWith(initialised![i + 1]);
                    foreach (var slot in mentioned)
                    {
                        foreach (var other in present.Members())
                        {
                            Conflict(slot, other);
                        }
                    }
                }

                if (instruction.Kind is MachineKind.Store or MachineKind.StoreImmediate && instruction.Symbol is StackSlot stored)
                {
                    if (instruction.KillsSlot || (instruction.Offset == 0 && instruction.Size >= stored.Size))
                    {
                        live[numbers[stored]] = false;
                    }
                }
                else
                {
                    foreach (var slot in mentioned)
                    {
                        live[slot] = true;
                        if (record is not null)
                        {
                            foreach (var other in mentioned)
                            {
                                Conflict(slot, other);
                            }

                            var present = live.Copy();
                            present.IntersectWith(initialised![i]);
                            foreach (var other in present.Members())
                            {
                                Conflict(slot, other);
                            }
                        }
                    }
                }
            }

            return live;
        }
    }

    private static List<int> Mentions(MachineInstruction instruction, Dictionary<StackSlot, int> numbers, Dictionary<MachineInstruction, List<int>> passed)
    {
        if (instruction.IsCall)
        {
            return passed.GetValueOrDefault(instruction) ?? [];
        }

        return instruction.Symbol is StackSlot slot && instruction.Kind != MachineKind.StackAddress ? [numbers[slot]] : [];
    }

    private static BitSet[] InitialisedBefore(
        MachineBlock block, BitSet atStart, Dictionary<StackSlot, int> numbers, Dictionary<MachineInstruction, List<int>> passed)
    {
        var result = new BitSet[block.Instructions.Count + 1];
        result[0] = atStart;
        for (var i = 0; i < block.Instructions.Count; i++)
        {
            var mentioned = Mentions(block.Instructions[i], numbers, passed);
            result[i + 1] = result[i];
            if (mentioned.Any(slot => !result[i][slot]))
            {
                result[i + 1] = result[i].Copy();
                foreach (var slot in mentioned)
                {
                    result[i + 1][slot] = true;
                }
            }
        }

        return result;
    }

    /// <summary>The slots that something on a way to each block's start has touched.</summary>
    private static Dictionary<MachineBlock, BitSet> Reached(
        MachineFunction function, Dictionary<StackSlot, int> numbers, Dictionary<MachineInstruction, List<int>> passed, int count)
    {
        var reached = function.Blocks.ToDictionary(b => b, _ => new BitSet(count));
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var block in function.Blocks)
            {
                var after = reached[block].Copy();
                foreach (var slot in block.Instructions.SelectMany(i => Mentions(i, numbers, passed)))
                {
                    after[slot] = true;
                }

                foreach (var successor in block.Successors)
                {
                    changed |= reached[successor].UnionWith(after);
                }
            }
        }

        return reached;
    }

    /// <summary>For each call the slots whose addresses it is passed; and the slots whose addresses go elsewhere.</summary>
    private static (Dictionary<MachineInstruction, List<int>> Passed, HashSet<int> Pinned) FindPassed(
        MachineFunction function, Dictionary<StackSlot, int> numbers)
    {
        var passed = new Dictionary<MachineInstruction, List<int>>(ReferenceEqualityComparer.Instance);
        var pinned = new HashSet<int>();
        var uses = new List<int>();
        var definitions = new List<int>();
        foreach (var block in function.Blocks)
        {
            // Register -> slot whose address it holds, within the block.
            var held = new Dictionary<int, int>();
            foreach (var instruction in block.Instructions)
            {
                uses.Clear();
                definitions.Clear();
                instruction.AddUses(uses);
                instruction.AddDefinitions(definitions);
                foreach (var register in uses)
                {
                    if (held.TryGetValue(register, out var slot))
                    {
                        if (instruction.IsCall)
                        {
                            if (!passed.TryGetValue(instruction, out var list))
                            {
                                passed[instruction] = list = [];
                            }

                            list.Add(slot);
                        }
                        else
                        {
                            pinned.Add(slot);
                        }
                    }
                }

                foreach (var register in definitions)
                {
                    held.Remove(register);
                }

                if (instruction.Kind == MachineKind.StackAddress)
                {
                    held[instruction.Destination] = numbers[(StackSlot)instruction.Symbol!];
                }
            }

            // An address that survives its block in a register.
            foreach (var slot in held.Values)
            {
                pinned.Add(slot);
            }
        }

        return (passed, pinned);
    }
}
