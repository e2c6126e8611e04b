using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>
/// Removes stores, zeroing and copies to slots whose bytes nobody reads before they are written again, and shortens zeroing to the bytes that someone reads
/// (C# zeroes every local). Slots whose address is in a variable or in memory are left alone; a call reads the slots that it is passed, padding included.
/// </summary>
internal sealed class DeadStores : IPass
{
    public string Name => "dead-stores";

    public bool Run(Function function)
    {
        var captures = new Captures(function);
        var slots = function.StackSlots.Where(s => !captures.Contains(s)).ToArray();
        if (slots.Length == 0)
        {
            return false;
        }

        var starts = new Dictionary<StackSlot, int>(ReferenceEqualityComparer.Instance);
        var bytes = 0;
        foreach (var slot in slots)
        {
            starts.Add(slot, bytes);
            bytes += slot.Size;
        }

        var liveIn = function.Blocks.ToDictionary(b => b, _ => new bool[bytes]);
        var order = Dominators.ReversePostorder(function);
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = order.Count - 1; i >= 0; i--)
            {
                var live = LiveOut(order[i], liveIn, bytes);
                for (var j = order[i].Values.Count - 1; j >= 0; j--)
                {
                    Transfer(order[i].Values[j], live, starts, captures);
                }

                changed |= Merge(liveIn[order[i]], live);
            }
        }

        var removed = false;
        foreach (var block in order)
        {
            removed |= Remove(block, LiveOut(block, liveIn, bytes), starts, captures);
        }

        return removed;
    }

    private static bool[] LiveOut(Block block, Dictionary<Block, bool[]> liveIn, int bytes)
    {
        var live = new bool[bytes];
        foreach (var successor in block.Successors)
        {
            Merge(live, liveIn[successor]);
        }

        return live;
    }

    private static bool Merge(bool[] into, bool[] from)
    {
        var changed = false;
        for (var i = 0; i < into.Length; i++)
        {
            if (from[i] && !into[i])
            {
                into[i] = changed = true;
            }
        }

        return changed;
    }

    /// <summary>The bytes of a tracked slot that an access through the address touches.</summary>
    private static (int Start, int Size)? Bytes(Value address, long offset, int size, Dictionary<StackSlot, int> starts)
    {
        if (address is not { Op: Op.StackAddress, Symbol: StackSlot slot } || !starts.TryGetValue(slot, out var start))
        {
            return null;
        }

        var first = (int)(address.Immediate + offset);
        return first >= 0 && first + size <= slot.Size ? (start + first, size) : (start, 0);
    }

    private static void Transfer(Value value, bool[] live, Dictionary<StackSlot, int> starts, Captures captures)
    {
        void Set((int Start, int Size)? range, bool isLive)
        {
            if (range is { } r)
            {
                live.AsSpan(r.Start, r.Size).Fill(isLive);
            }
        }

        switch (value.Op)
        {
            case Op.Load:
                Set(Bytes(value.Operands[0], value.Immediate, value.Size, starts), true);
                break;
            case Op.Store or Op.ZeroMemory when !value.IsVolatile:
                Set(Bytes(value.Operands[0], value.Immediate, value.Size, starts), false);
                break;
            case Op.CopyMemory:
                Set(Bytes(value.Operands[0], value.Immediate, value.Size, starts), false);
                Set(Bytes(value.Operands[1], value.Immediate2, value.Size, starts), true);
                break;
            case Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor or Op.AtomicExchange or Op.AtomicCompareExchange:
                Set(Bytes(value.Operands[0], value.Immediate, value.Size, starts), true);
                break;
            case Op.CallHelper or Op.CallKfunc or Op.CallFunction:
                foreach (var (slot, start) in starts)
                {
                    if (captures.IsSeenBy(value, slot))
                    {
                        live.AsSpan(start, slot.Size).Fill(true);
                    }
                }

                break;
        }
    }

    private static bool Remove(Block block, bool[] live, Dictionary<StackSlot, int> starts, Captures captures)
    {
        var changed = false;
        for (var i = block.Values.Count - 1; i >= 0; i--)
        {
            var value = block.Values[i];
            var written = value.Op is Op.Store or Op.ZeroMemory or Op.CopyMemory && !value.IsVolatile
                ? Bytes(value.Operands[0], value.Immediate, value.Size, starts)
                : null;
            if (written is { Size: > 0 } range)
            {
                var wanted = live.AsSpan(range.Start, range.Size);
                if (!wanted.Contains(true))
                {
                    block.Values.RemoveAt(i);
                    changed = true;
                    continue;
                }

                if (value.Op == Op.ZeroMemory && wanted.Contains(false))
                {
                    changed |= Shorten(block, i, value, wanted.ToArray());
                }
            }

            Transfer(value, live, starts, captures);
        }

        return changed;
    }

    /// <summary>Zeroes only the words of 8 bytes with something to zero, and of these only the part, where one store does it.</summary>
    private static bool Shorten(Block block, int index, Value zero, bool[] wanted)
    {
        var first = zero.Operands[0].Immediate + zero.Immediate;
        var pieces = new List<(int At, int Size)>();
        for (var at = 0; at < zero.Size;)
        {
            // Up to the end of the aligned word.
            var end = (int)Math.Min(zero.Size, at + 8 - ((first + at) & 7));
            var (low, high) = (at, end);
            while (low < end && !wanted[low])
            {
                low++;
            }

            while (high > low && !wanted[high - 1])
            {
                high--;
            }

            if (low < high)
            {
                var (from, size) = OneStore(first, at, end, low, high);
                if (pieces.Count > 0 && pieces[^1].At + pieces[^1].Size == from)
                {
                    pieces[^1] = (pieces[^1].At, pieces[^1].Size + size);
                }
                else
                {
                    pieces.Add((from, size));
                }
            }

            at = end;
        }

        if (pieces is [var only] && only.Size == zero.Size)
        {
            return false;
        }

        block.Values.RemoveAt(index);
        foreach (var (at, size) in pieces)
        {
            var piece = new Value(Op.ZeroMemory, ValueType.Void) { Block = block, Location = zero.Location, Immediate = zero.Immediate + at, Size = size };
            piece.Operands.Add(zero.Operands[0]);
            block.Values.Insert(index++, piece);
        }

        return true;
    }

    /// <summary>The smallest aligned store within the word that covers the bytes, or the bytes themselves where none does.</summary>
    private static (int At, int Size) OneStore(long first, int start, int end, int low, int high)
    {
        for (var size = 1; size <= 8; size *= 2)
        {
            var at = (int)(((first + low) / size * size) - first);
            if (at >= start && at + size >= high && at + size <= end)
            {
                return (at, size);
            }
        }

        return (low, high - low);
    }
}
