using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>After allocation: removes empty blocks, merges equal ones, joins chains and puts blocks in an order with few jumps.</summary>
internal static class MachineCleanup
{
    public static void Run(MachineFunction function, bool mergesEqual)
    {
        for (var changed = true; changed;)
        {
            changed = SkipEmpty(function) | DropEqualTargets(function);
            Prune(function);
            if (mergesEqual && MergeEqual(function))
            {
                changed = true;
                Prune(function);
            }

            changed |= Join(function);
        }

        foreach (var block in function.Blocks)
        {
            ReuseSpills(block);
        }

        Order(function);
    }

    /// <summary>A reload of what a register still holds is a copy, or nothing.</summary>
    private static void ReuseSpills(MachineBlock block)
    {
        var held = new Dictionary<int, object>();
        var definitions = new List<int>();
        for (var i = 0; i < block.Instructions.Count; i++)
        {
            var instruction = block.Instructions[i];
            var isSpill = instruction.Symbol is StackSlot && RegisterAllocator.IsSpill((StackSlot)instruction.Symbol);
            if (instruction.Kind == MachineKind.Load && isSpill && held.FirstOrDefault(h => h.Value == instruction.Symbol) is { Value: not null } found)
            {
                var copy = new MachineInstruction(MachineKind.Alu)
                {
                    Operation = Isa.Move,
                    Is64 = true,
                    Destination = instruction.Destination,
                    Source = held.ContainsKey(instruction.Destination) && held[instruction.Destination] == instruction.Symbol ? instruction.Destination : found.Key,
                    Location = instruction.Location,
                };
                block.Instructions[i] = copy;
                instruction = copy;
                if (copy.Source == copy.Destination)
                {
                    block.Instructions.RemoveAt(i--);
                    continue;
                }
            }

            definitions.Clear();
            instruction.AddDefinitions(definitions);
            foreach (var register in definitions)
            {
                held.Remove(register);
            }

            if (isSpill && instruction.Kind == MachineKind.Store)
            {
                foreach (var stale in held.Where(h => h.Value == instruction.Symbol).Select(h => h.Key).ToArray())
                {
                    held.Remove(stale);
                }

                held[instruction.Source] = instruction.Symbol!;
            }
            else if (isSpill && instruction.Kind == MachineKind.Load)
            {
                held[instruction.Destination] = instruction.Symbol!;
            }
            else if (instruction.IsMove && held.TryGetValue(instruction.Source, out var slot))
            {
                held[instruction.Destination] = slot;
            }
        }
    }

    private static bool SkipEmpty(MachineFunction function)
    {
        var changed = false;
        foreach (var block in function.Blocks)
        {
            for (var i = 0; i < block.Successors.Count; i++)
            {
                var steps = 0;
                while (block.Successors[i] is { Instructions: [{ Kind: MachineKind.Jump }] } empty && empty.Successors[0] != empty && steps++ < 64)
                {
                    block.Successors[i] = empty.Successors[0];
                    changed = true;
                }
            }
        }

        return changed;
    }

    /// <summary>A branch whose targets became the same is a jump.</summary>
    private static bool DropEqualTargets(MachineFunction function)
    {
        var changed = false;
        foreach (var block in function.Blocks)
        {
            if (block.Instructions[^1] is { Kind: MachineKind.Branch } branch && block.Successors[0] == block.Successors[1])
            {
                block.Instructions[^1] = new MachineInstruction(MachineKind.Jump) { Location = branch.Location };
                block.Successors.RemoveAt(1);
                changed = true;
            }
        }

        return changed;
    }

    private static void Prune(MachineFunction function)
    {
        var seen = new HashSet<MachineBlock> { function.Blocks[0] };
        var work = new Stack<MachineBlock>(seen);
        while (work.TryPop(out var block))
        {
            foreach (var successor in block.Successors)
            {
                if (seen.Add(successor))
                {
                    work.Push(successor);
                }
            }
        }

        function.Blocks.RemoveAll(b => !seen.Contains(b));
    }

    private static bool MergeEqual(MachineFunction function)
    {
        var kept = new Dictionary<int, List<MachineBlock>>();
        var replaced = new Dictionary<MachineBlock, MachineBlock>();
        foreach (var block in function.Blocks.Skip(1))
        {
            var hash = new HashCode();
            hash.Add(block.Instructions.Count);
            foreach (var instruction in block.Instructions)
            {
                hash.Add(instruction.Kind);
                hash.Add(instruction.Destination);
                hash.Add(instruction.Source);
                hash.Add(instruction.Offset);
                hash.Add(instruction.Immediate);
            }

            var key = hash.ToHashCode();
            if (!kept.TryGetValue(key, out var candidates))
            {
                kept[key] = candidates = [];
            }

            if (candidates.Find(c => AreEqual(c, block)) is { } same)
            {
                replaced.Add(block, same);
            }
            else
            {
                candidates.Add(block);
            }
        }

        foreach (var block in function.Blocks)
        {
            for (var i = 0; i < block.Successors.Count; i++)
            {
                block.Successors[i] = replaced.GetValueOrDefault(block.Successors[i], block.Successors[i]);
            }
        }

        return replaced.Count > 0;
    }

    private static bool AreEqual(MachineBlock a, MachineBlock b) =>
        a.Instructions.Count == b.Instructions.Count && a.Successors.SequenceEqual(b.Successors)
        && a.Instructions.Zip(b.Instructions).All(pair => pair.First.SameAs(pair.Second));

    private static bool Join(MachineFunction function)
    {
        var predecessors = function.Predecessors();
        var gone = new HashSet<MachineBlock>();
        foreach (var block in function.Blocks)
        {
            if (gone.Contains(block))
            {
                continue;
            }

            while (block.Instructions[^1].Kind == MachineKind.Jump && block.Successors[0] is var next && next != block && next != function.Blocks[0]
                && predecessors[next].Count == 1)
            {
                block.Instructions.RemoveAt(block.Instructions.Count - 1);
                block.Instructions.AddRange(next.Instructions);
                block.Successors.Clear();
                block.Successors.AddRange(next.Successors);
                foreach (var successor in next.Successors)
                {
                    predecessors[successor].Remove(next);
                    predecessors[successor].Add(block);
                }

                gone.Add(next);
            }
        }

        function.Blocks.RemoveAll(gone.Contains);
        return gone.Count > 0;
    }

    private static void Order(MachineFunction function)
    {
        var rest = function.Blocks.ToList();
        var placed = new HashSet<MachineBlock>();
        var order = new List<MachineBlock>();
        foreach (var start in rest)
        {
            for (var block = start; block is not null && placed.Add(block);)
            {
                order.Add(block);
                block = Next(block, placed);
            }
        }

        function.Blocks.Clear();
        function.Blocks.AddRange(order);
    }

    private static MachineBlock? Next(MachineBlock block, HashSet<MachineBlock> placed)
    {
        // The false side can always follow; a bit test has no opposite, so its true side cannot.
        var candidates = block.Successors.Count == 2 && block.Instructions[^1].Operation != Isa.BitsSet
            ? block.Successors.AsEnumerable().Reverse()
            : block.Successors.Skip(block.Successors.Count - 1);
        return candidates.Where(s => !placed.Contains(s)).OrderByDescending(s => s.LoopDepth).FirstOrDefault();
    }
}
