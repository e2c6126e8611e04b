using System.Numerics;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>A set of small numbers.</summary>
internal sealed class BitSet(int size)
{
    private readonly ulong[] _words = new ulong[(size + 63) / 64];

    public bool this[int index]
    {
        get => (_words[index >> 6] >> (index & 63) & 1) != 0;
        set => _words[index >> 6] = value ? _words[index >> 6] | (1UL << (index & 63)) : _words[index >> 6] & ~(1UL << (index & 63));
    }

    public bool UnionWith(BitSet other)
    {
        var changed = false;
        for (var i = 0; i < _words.Length; i++)
        {
            var united = _words[i] | other._words[i];
            changed |= united != _words[i];
            _words[i] = united;
        }

        return changed;
    }

    public void IntersectWith(BitSet other)
    {
        for (var i = 0; i < _words.Length; i++)
        {
            _words[i] &= other._words[i];
        }
    }

    public void ExceptWith(BitSet other)
    {
        for (var i = 0; i < _words.Length; i++)
        {
            _words[i] &= ~other._words[i];
        }
    }

    public BitSet Copy()
    {
        var copy = new BitSet(_words.Length * 64);
        _words.CopyTo(copy._words, 0);
        return copy;
    }

    public IEnumerable<int> Members()
    {
        for (var i = 0; i < _words.Length; i++)
        {
            for (var word = _words[i]; word != 0; word &= word - 1)
            {
                yield return (i << 6) + BitOperations.TrailingZeroCount(word);
            }
        }
    }
}

/// <summary>Which registers hold something that is still read, at the end of each block.</summary>
internal static class Liveness
{
    public static Dictionary<MachineBlock, BitSet> LiveOut(MachineFunction function)
    {
        var count = function.NextRegister;
        var read = new Dictionary<MachineBlock, BitSet>();
        var written = new Dictionary<MachineBlock, BitSet>();
        var liveIn = new Dictionary<MachineBlock, BitSet>();
        var liveOut = new Dictionary<MachineBlock, BitSet>();
        var registers = new List<int>();
        foreach (var block in function.Blocks)
        {
            var reads = new BitSet(count);
            var writes = new BitSet(count);
            foreach (var instruction in block.Instructions)
            {
                registers.Clear();
                instruction.AddUses(registers);
                foreach (var register in registers)
                {
                    if (!writes[register])
                    {
                        reads[register] = true;
                    }
                }

                registers.Clear();
                instruction.AddDefinitions(registers);
                foreach (var register in registers)
                {
                    writes[register] = true;
                }
            }

            read[block] = reads;
            written[block] = writes;
            liveIn[block] = reads.Copy();
            liveOut[block] = new BitSet(count);
        }

        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = function.Blocks.Count - 1; i >= 0; i--)
            {
                var block = function.Blocks[i];
                var grown = false;
                foreach (var successor in block.Successors)
                {
                    grown |= liveOut[block].UnionWith(liveIn[successor]);
                }

                if (grown)
                {
                    var passing = liveOut[block].Copy();
                    passing.ExceptWith(written[block]);
                    liveIn[block].UnionWith(passing);
                    changed = true;
                }
            }
        }

        return liveOut;
    }
}
