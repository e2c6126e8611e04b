using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// A load of what was just stored or loaded takes that value. Known contents are carried through a block, into blocks that only it leads to, and into joins
/// of blocks that agree. Stores through other pointers, calls and atomics end what they may change; volatile accesses are left alone.
/// </summary>
internal sealed class MemoryForwarding : IPass
{
    /// <summary>More than this many known places at a time are not worth their search.</summary>
    private const int MaximumPlaces = 128;

    /// <summary>What zeroed memory holds. Stands in no function: who reads it gets a constant of its own.</summary>
    private static readonly Value s_zero = new(Op.Constant, ValueType.I64);

    public string Name => "memory-forwarding";

    public bool Run(Function function)
    {
        var captures = new Captures(function);
        var replacements = new Dictionary<Value, Value>(ReferenceEqualityComparer.Instance);
        var atExit = new Dictionary<Block, List<(MemoryPlace Place, Value Value)>>(ReferenceEqualityComparer.Instance);
        foreach (var block in Dominators.ReversePostorder(function))
        {
            var known = AtEntry(block, atExit);
            for (var i = 0; i < block.Values.Count; i++)
            {
                var value = block.Values[i];
                for (var operand = 0; operand < value.Operands.Count; operand++)
                {
                    value.Operands[operand] = Edit.Resolve(value.Operands[operand], replacements);
                }

                i += Visit(function, captures, block, i, known, replacements);
            }

            atExit[block] = known;
        }

        foreach (var block in function.Blocks)
        {
            block.Values.RemoveAll(replacements.ContainsKey);
        }

        Edit.ReplaceUses(function, replacements);
        return replacements.Count > 0;
    }

    private static List<(MemoryPlace Place, Value Value)> AtEntry(Block block, Dictionary<Block, List<(MemoryPlace Place, Value Value)>> atExit)
    {
        if (block.Predecessors.Count == 0 || !atExit.TryGetValue(block.Predecessors[0], out var first))
        {
            return [];
        }

        // A block of a loop that was not visited yet may change anything.
        if (!block.Predecessors.TrueForAll(atExit.ContainsKey))
        {
            return [];
        }

        return [.. first.Where(entry => block.Predecessors.TrueForAll(p => atExit[p].Exists(e => e.Place == entry.Place && e.Value == entry.Value)))];
    }

    /// <summary>How many values were inserted before the one that is looked at.</summary>
    private static int Visit(Function function, Captures captures, Block block, int index, List<(MemoryPlace Place, Value Value)> known,
        Dictionary<Value, Value> replacements)
    {
        var value = block.Values[index];
        switch (value.Op)
        {
            case Op.Load when !value.IsVolatile:
                var place = MemoryPlace.Of(value.Operands[0], value.Immediate, value.Size, function);
                var before = block.Values.Count;
                if (known.FindLast(e => e.Place.Contains(place)) is { Value: not null } entry && Extract(block, index, value, place, entry) is { } result)
                {
                    replacements.Add(value, result);
                }
                else
                {
                    Add(known, place, value);
                }

                return block.Values.Count - before;
            case Op.Store:
                place = MemoryPlace.Of(value.Operands[0], value.Immediate, value.Size, function);
                Forget(known, place, captures);
                if (!value.IsVolatile)
                {
                    Add(known, place, value.Operands[1]);
                }

                break;
            case Op.ZeroMemory:
                place = MemoryPlace.Of(value.Operands[0], value.Immediate, value.Size, function);
                Forget(known, place, captures);
                Add(known, place, s_zero);
                break;
            case Op.CopyMemory:
                var to = MemoryPlace.Of(value.Operands[0], value.Immediate, value.Size, function);
                var from = MemoryPlace.Of(value.Operands[1], value.Immediate2, value.Size, function);
                var copied = known.Where(e => from.Contains(e.Place))
                    .Select(e => (e.Place with { Base = to.Base, Kind = to.Kind, Offset = e.Place.Offset - from.Offset + to.Offset }, e.Value)).ToList();
                Forget(known, to, captures);
                foreach (var (copy, content) in copied)
                {
                    Add(known, copy, content);
                }

                break;
            case Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor or Op.AtomicExchange or Op.AtomicCompareExchange:
                // Others take part, too: what was known of shared memory is not known after it.
                known.RemoveAll(e => e.Place.Base is not StackSlot);
                Forget(known, MemoryPlace.Of(value.Operands[0], value.Immediate, value.Size, function), captures);
                break;
            case Op.CallHelper or Op.CallKfunc or Op.CallFunction when value is not { Symbol: HelperSymbol { IsPure: true } }:
                known.RemoveAll(e => e.Place.Base is StackSlot slot
                    ? captures.IsSeenBy(value, slot) && !Captures.OnlyReads(value)
                    : value is not { Op: Op.CallHelper, Immediate: 1 });
                break;
        }

        return 0;
    }

    private static void Add(List<(MemoryPlace Place, Value Value)> known, MemoryPlace place, Value value)
    {
        if (known.Count >= MaximumPlaces)
        {
            known.RemoveAt(0);
        }

        known.Add((place, value));
    }

    private static void Forget(List<(MemoryPlace Place, Value Value)> known, MemoryPlace stored, Captures captures) =>
        known.RemoveAll(e => e.Place.Meets(stored, captures.Contains));

    /// <summary>The loaded value as made from what the place holds; null where that cannot be said.</summary>
    private static Value? Extract(Block block, int index, Value load, MemoryPlace place, (MemoryPlace Place, Value Value) entry)
    {
        var (held, content) = entry;
        Value Insert(Op op, ValueType type, int size, params ReadOnlySpan<Value> operands)
        {
            var made = new Value(op, type) { Block = block, Location = load.Location, Size = size };
            foreach (var operand in operands)
            {
                made.Operands.Add(operand);
            }

            block.Values.Insert(index++, made);
            return made;
        }

        if (Edit.IsConstant(content, 0))
        {
            return Insert(Op.Constant, load.Type, 0);
        }

        if (load.IsContextPointer || (content.Op == Op.Load && content.IsContextPointer) || load.Type == ValueType.Pointer || content.Type == ValueType.Pointer)
        {
            return held == place && load.Type == content.Type && (content.Op != Op.Load || content.IsContextPointer == load.IsContextPointer) ? content : null;
        }

        // Taking a part out of a value costs more than a load.
        if (held != place && content.Op != Op.Constant)
        {
            return null;
        }

        if (place.Offset > held.Offset)
        {
            var distance = Insert(Op.Constant, ValueType.I32, 0);
            distance.Immediate = 8 * (place.Offset - held.Offset);
            content = Insert(Op.ShiftRightUnsigned, content.Type, 0, content, distance);
        }

        if (load.Size == 8)
        {
            return content;
        }

        return load.Size == 4 && load.Type == ValueType.I32
            ? content.Type == ValueType.I32 ? content : Insert(Op.Truncate, ValueType.I32, 0, content)
            : Insert(Op.ZeroExtend, load.Type, load.Size, content);
    }
}
