using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>What is known of slots whose address is used for more than loads and stores.</summary>
internal sealed class Captures
{
    private readonly HashSet<object> _captured = new(ReferenceEqualityComparer.Instance);

    public Captures(Function function)
    {
        foreach (var value in function.Blocks.SelectMany(b => b.Values))
        {
            for (var i = 0; i < value.Operands.Count; i++)
            {
                if (value.Operands[i] is { Op: Op.StackAddress, Symbol: StackSlot slot } && !IsDirect(value, i) && !Edit.IsCall(value))
                {
                    _captured.Add(slot);
                }
            }
        }
    }

    /// <summary>Whether the slot's address is in a variable or in memory, so that pointers of unknown origin may lead to it.</summary>
    public bool Contains(object slot) => _captured.Contains(slot);

    /// <summary>Whether a call may read (and, unless it is known not to, write) the slot. Callees keep no addresses.</summary>
    public bool IsSeenBy(Value call, StackSlot slot) =>
        Contains(slot) || call.Operands.Exists(o => o.Op == Op.StackAddress && ReferenceEquals(o.Symbol, slot));

    /// <summary>A helper that only reads what its arguments point to: look-up, update and deletion of map entries.</summary>
    public static bool OnlyReads(Value call) => call is { Op: Op.CallHelper, Immediate: 1 or 2 or 3 };

    /// <summary>Whether the operand is the address of a load, store, zeroing, copy or atomic.</summary>
    private static bool IsDirect(Value value, int operand) => value.Op switch
    {
        Op.Load or Op.ZeroMemory => operand == 0,
        Op.Store or Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor or Op.AtomicExchange or Op.AtomicCompareExchange => operand == 0,
        Op.CopyMemory => true,
        _ => false,
    };
}
