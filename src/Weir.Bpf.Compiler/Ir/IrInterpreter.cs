using System.Buffers.Binary;

namespace Weir.Bpf.Compiler.Ir;

/// <summary>A kernel helper for <see cref="IrInterpreter"/>: takes the call's arguments, gives r0.</summary>
public delegate long InterpreterHelper(IrInterpreter interpreter, ReadOnlySpan<long> arguments);

/// <summary>
/// Runs the intermediate form over a byte memory. It is the meaning of the form: what a pass or the emission changes, differs from this. An address
/// is a region's number in the upper half and an offset in the lower; an access outside of its region throws.
/// </summary>
public sealed class IrInterpreter
{
    private const long HandleBase = 0x7F00_0000_0000_0000;

    private readonly List<byte[]?> _regions = [];
    private readonly Stack<int> _freeRegions = new();
    private readonly List<object> _handles = [];
    private readonly Dictionary<object, long> _handleOf = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<MapSymbol, long> _dataMaps = new(ReferenceEqualityComparer.Instance);
    private int _depth;

    /// <summary>Helpers by number.</summary>
    public Dictionary<long, InterpreterHelper> Helpers { get; } = [];

    /// <summary>Kernel functions by name.</summary>
    public Dictionary<string, InterpreterHelper> Kfuncs { get; } = [];

    /// <summary>What a context pointer load (<see cref="Value.IsContextPointer"/>) at an offset of the context gives.</summary>
    public Dictionary<long, long> ContextPointers { get; } = [];

    /// <summary>Values still to run before the interpreter gives up.</summary>
    public long Budget { get; set; } = 10_000_000;

    /// <summary>Makes a region of memory; the result is its address.</summary>
    public long Allocate(int size) => Allocate(new byte[size]);

    /// <summary>Makes a region of these bytes (not copied); the result is its address.</summary>
    public long Allocate(byte[] bytes)
    {
        if (_freeRegions.TryPop(out var free))
        {
            _regions[free] = bytes;
            return ((long)free + 1) << 32;
        }

        _regions.Add(bytes);
        return (long)_regions.Count << 32;
    }

    /// <summary>Ends a region.</summary>
    public void Free(long address)
    {
        var index = (int)(address >> 32) - 1;
        _regions[index] = null;
        _freeRegions.Push(index);
    }

    /// <summary>The memory at an address.</summary>
    public Span<byte> Memory(long address, int size)
    {
        var index = (address >> 32) - 1;
        var offset = address & 0xFFFF_FFFF;
        if (index < 0 || index >= _regions.Count || _regions[(int)index] is not { } bytes || offset + size > bytes.Length)
        {
            throw new InvalidOperationException($"no {size} bytes at address {address:x}");
        }

        return bytes.AsSpan((int)offset, size);
    }

    public ulong Read(long address, int size)
    {
        var bytes = Memory(address, size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
    }

    public void Write(long address, int size, ulong value)
    {
        var bytes = Memory(address, size);
        for (var i = 0; i < size; i++)
        {
            bytes[i] = (byte)(value >> (8 * i));
        }
    }

    /// <summary>What a map reference or a function address is as an argument.</summary>
    public long HandleOf(object symbol)
    {
        if (!_handleOf.TryGetValue(symbol, out var handle))
        {
            handle = HandleBase + _handles.Count;
            _handles.Add(symbol);
            _handleOf.Add(symbol, handle);
        }

        return handle;
    }

    /// <summary>The <see cref="MapSymbol"/> or <see cref="Function"/> of a handle.</summary>
    public object FromHandle(long handle) => _handles[checked((int)(handle - HandleBase))];

    /// <summary>The address of a data map's value.</summary>
    public long DataAddress(MapSymbol map)
    {
        if (!_dataMaps.TryGetValue(map, out var address))
        {
            address = Allocate(map.Data is { } data ? (byte[])data.Clone() : new byte[map.ValueSize]);
            _dataMaps.Add(map, address);
        }

        return address;
    }

    /// <summary>Runs a function; the result is r0 (an I32 sign-extended; 0 for void).</summary>
    public long Call(Function function, params ReadOnlySpan<long> arguments)
    {
        if (++_depth > 32)
        {
            throw new InvalidOperationException("calls nest too deep");
        }

        var slots = new Dictionary<StackSlot, long>(ReferenceEqualityComparer.Instance);
        foreach (var slot in function.StackSlots)
        {
            slots[slot] = Allocate(slot.Size);
        }

        var values = new Dictionary<Value, long>(ReferenceEqualityComparer.Instance);
        var block = function.Blocks[0];
        Block? from = null;
        var edge = 0;
        try
        {
            while (true)
            {
                EnterBlock(block, from, edge, values);
                foreach (var value in block.Values)
                {
                    if (value.Op == Op.Phi)
                    {
                        continue;
                    }

                    if (--Budget < 0)
                    {
                        throw new InvalidOperationException($"{function.Name} runs for too long");
                    }

                    if (value.Op == Op.Return)
                    {
                        return value.Operands.Count > 0 ? values[value.Operands[0]] : 0;
                    }

                    if (value.IsTerminator)
                    {
                        edge = value.Op == Op.Branch && !Compare(value, values) ? 1 : 0;
                        break;
                    }

                    values[value] = Evaluate(value, values, slots, arguments);
                }

                from = block;
                block = block.Successors[edge];
            }
        }
        finally
        {
            _depth--;
            foreach (var address in slots.Values)
            {
                Free(address);
            }
        }
    }

    /// <summary>The result of an arithmetic operation, conversion or comparison of constants. An I32 is sign-extended.</summary>
    public static long Compute(Value value, long left, long right)
    {
        if (value.Op == Op.Compare)
        {
            return Compare(value.Comparison, value.Operands[0].Type, left, right) ? 1 : 0;
        }

        var size = value.Size;
        switch (value.Op)
        {
            case Op.ZeroExtend:
                return Narrow(value.Type, (long)((ulong)left & Mask(size)));
            case Op.SignExtend:
                return size switch { 1 => (sbyte)left, 2 => (short)left, _ => (int)left };
            case Op.Truncate:
                return (int)left;
            case Op.SwapBytes:
                return Narrow(value.Type, (long)(BinaryPrimitives.ReverseEndianness((ulong)left) >> (64 - (8 * size))));
        }

        if (value.Type == ValueType.I32)
        {
            var a = (int)left;
            var b = (int)right;
            return value.Op switch
            {
                Op.Add => a + b,
                Op.Subtract => a - b,
                Op.Multiply => a * b,
                Op.DivideUnsigned => b == 0 ? 0 : (int)((uint)a / (uint)b),
                Op.RemainderUnsigned => b == 0 ? a : (int)((uint)a % (uint)b),
                Op.DivideSigned => b == 0 ? 0 : b == -1 ? -a : a / b,
                Op.RemainderSigned => b == 0 ? a : b == -1 ? 0 : a % b,
                Op.And => a & b,
                Op.Or => a | b,
                Op.Xor => a ^ b,
                Op.ShiftLeft => a << (b & 31),
                Op.ShiftRightUnsigned => (int)((uint)a >> (b & 31)),
                Op.ShiftRightSigned => a >> (b & 31),
                Op.Negate => -a,
                _ => throw new InvalidOperationException($"{value.Op} is not computed"),
            };
        }

        return value.Op switch
        {
            Op.Add => left + right,
            Op.Subtract => left - right,
            Op.Multiply => left * right,
            Op.DivideUnsigned => right == 0 ? 0 : (long)((ulong)left / (ulong)right),
            Op.RemainderUnsigned => right == 0 ? left : (long)((ulong)left % (ulong)right),
            Op.DivideSigned => right == 0 ? 0 : right == -1 ? -left : left / right,
            Op.RemainderSigned => right == 0 ? left : right == -1 ? 0 : left % right,
            Op.And => left & right,
            Op.Or => left | right,
            Op.Xor => left ^ right,
            Op.ShiftLeft => left << (int)(right & 63),
            Op.ShiftRightUnsigned => (long)((ulong)left >> (int)(right & 63)),
            Op.ShiftRightSigned => left >> (int)(right & 63),
            Op.Negate => -left,
            _ => throw new InvalidOperationException($"{value.Op} is not computed"),
        };
    }

    /// <summary>Compares as values of the type do.</summary>
    public static bool Compare(Comparison comparison, ValueType type, long left, long right)
    {
        if (type == ValueType.I32)
        {
            // Sign extension keeps both orders.
            left = (int)left;
            right = (int)right;
        }

        return comparison switch
        {
            Comparison.Equal => left == right,
            Comparison.NotEqual => left != right,
            Comparison.LessUnsigned => (ulong)left < (ulong)right,
            Comparison.LessOrEqualUnsigned => (ulong)left <= (ulong)right,
            Comparison.GreaterUnsigned => (ulong)left > (ulong)right,
            Comparison.GreaterOrEqualUnsigned => (ulong)left >= (ulong)right,
            Comparison.LessSigned => left < right,
            Comparison.LessOrEqualSigned => left <= right,
            Comparison.GreaterSigned => left > right,
            Comparison.GreaterOrEqualSigned => left >= right,
            Comparison.BitsSet => (left & right) != 0,
            _ => (left & right) == 0,
        };
    }

    private static void EnterBlock(Block block, Block? from, int edge, Dictionary<Value, long> values)
    {
        if (from is null || block.Values[0].Op != Op.Phi)
        {
            return;
        }

        // A branch with both targets here has two entries: the first is its true edge.
        var index = block.Predecessors.IndexOf(from);
        if (edge == 1 && from.Successors[0] == block)
        {
            index = block.Predecessors.IndexOf(from, index + 1);
        }

        var incoming = new List<(Value Phi, long Value)>();
        foreach (var value in block.Values)
        {
            if (value.Op != Op.Phi)
            {
                break;
            }

            incoming.Add((value, values[value.Operands[index]]));
        }

        foreach (var (phi, value) in incoming)
        {
            values[phi] = value;
        }
    }

    private static bool Compare(Value value, Dictionary<Value, long> values) =>
        Compare(value.Comparison, value.Operands[0].Type, values[value.Operands[0]], values[value.Operands[1]]);

    private static long Narrow(ValueType type, long value) => type == ValueType.I32 ? (int)value : value;

    private static ulong Mask(int size) => size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;

    private long Evaluate(Value value, Dictionary<Value, long> values, Dictionary<StackSlot, long> slots, ReadOnlySpan<long> arguments)
    {
        long Operand(int index) => values[value.Operands[index]];
        switch (value.Op)
        {
            case Op.Constant:
                return value.Immediate;
            case Op.Parameter:
                return Narrow(value.Type, arguments[(int)value.Immediate]);
            case Op.StackAddress:
                return slots[(StackSlot)value.Symbol!] + value.Immediate;
            case Op.MapReference or Op.FunctionAddress:
                return HandleOf(value.Symbol!);
            case Op.MapValueAddress:
                return DataAddress((MapSymbol)value.Symbol!) + value.Immediate;
            case Op.Load:
                return value.IsContextPointer
                    ? ContextPointers[(Operand(0) + value.Immediate) & 0xFFFF_FFFF]
                    : Narrow(value.Type, (long)Read(Operand(0) + value.Immediate, value.Size));
            case Op.Store:
                Write(Operand(0) + value.Immediate, value.Size, (ulong)Operand(1));
                return 0;
            case Op.ZeroMemory:
                Memory(Operand(0) + value.Immediate, value.Size).Clear();
                return 0;
            case Op.CopyMemory:
                Memory(Operand(1) + value.Immediate2, value.Size).CopyTo(Memory(Operand(0) + value.Immediate, value.Size));
                return 0;
            case Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor or Op.AtomicExchange or Op.AtomicCompareExchange:
                return Atomic(value, Operand(0) + value.Immediate, Operand(1), value.Op == Op.AtomicCompareExchange ? Operand(2) : 0);
            case Op.CallHelper:
            case Op.CallKfunc:
            case Op.CallFunction:
                var passed = new long[value.Operands.Count];
                for (var i = 0; i < passed.Length; i++)
                {
                    passed[i] = Operand(i);
                }

                return Narrow(value.Type, value.Op switch
                {
                    Op.CallFunction => Call((Function)value.Symbol!, passed),
                    Op.CallKfunc => Kfuncs[(string)value.Symbol!](this, passed),
                    _ => Helpers[value.Immediate](this, passed),
                });
            default:
                return Compute(value, Operand(0), value.Operands.Count > 1 ? Operand(1) : 0);
        }
    }

    private long Atomic(Value value, long address, long operand, long replacement)
    {
        var old = (long)Read(address, value.Size);
        var result = value.Op switch
        {
            Op.AtomicAdd => old + operand,
            Op.AtomicAnd => old & operand,
            Op.AtomicOr => old | operand,
            Op.AtomicXor => old ^ operand,
            Op.AtomicExchange => operand,
            _ => ((old ^ operand) & (long)Mask(value.Size)) == 0 ? replacement : old,
        };
        Write(address, value.Size, (ulong)result);
        return value.Size == 4 ? (int)old : old;
    }
}
