using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>
/// Chooses instructions for the intermediate form: constants become immediates, stack addresses displacements from r10, phis copies on edges.
/// A 32-bit value lives in a register whose upper half is zero by nature of 32-bit instructions; where it is not (parameters, results, low halves of
/// 64-bit values) and someone wants it extended, it is cleared once where it is defined, so that the extension itself is the same register: what
/// the verifier learns of the one then holds for the other.
/// </summary>
internal sealed class Lowering
{
    private readonly Function _function;
    private readonly MachineFunction _machine;
    private readonly Dictionary<Value, int> _registers = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Block, MachineBlock> _blocks = new(ReferenceEqualityComparer.Instance);
    private readonly ValueBits _bits = new();

    /// <summary>32-bit values that are cleared above where they are defined, because someone extends them.</summary>
    private readonly HashSet<Value> _normalised = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Value> _zeroPhis = new(ReferenceEqualityComparer.Instance);
    private readonly int[] _parameters;

    /// <summary>Addresses of map values and large constants that are in a register at this point of the block.</summary>
    private readonly Dictionary<(object?, long), int> _cached = [];
    private MachineBlock _current = null!;
    private SourceLocation? _location;

    private Lowering(Function function)
    {
        _function = function;
        _machine = new MachineFunction(function);
        _parameters = new int[function.Parameters.Count];
        Array.Fill(_parameters, MachineInstruction.None);
    }

    /// <summary>Lowers a function without critical edges and without signed division.</summary>
    public static MachineFunction Run(Function function)
    {
        var lowering = new Lowering(function);
        lowering.Lower();
        return lowering._machine;
    }

    /// <summary>The alignment that a slot gets: natural for its size, at most 8.</summary>
    public static int AlignmentOf(StackSlot slot) => Math.Max(Math.Min(slot.Alignment, 8), slot.Size >= 8 ? 8 : slot.Size >= 4 ? 4 : slot.Size >= 2 ? 2 : 1);

    private static bool Fits(long immediate) => immediate == (int)immediate;

    private static bool IsConstant(Value value, out long immediate)
    {
        immediate = value.Immediate;
        return value.Op == Op.Constant;
    }

    private static bool IsCall(Value value) => value.Op is Op.CallHelper or Op.CallKfunc or Op.CallFunction;

    private void Lower()
    {
        var order = Dominators.ReversePostorder(_function);
        FindExtended(order);
        var depths = LoopDepths(order);
        foreach (var block in order)
        {
            var machine = new MachineBlock { LoopDepth = depths.GetValueOrDefault(block) };
            _blocks.Add(block, machine);
            _machine.Blocks.Add(machine);
            foreach (var value in block.Values)
            {
                if (value.Op == Op.Phi)
                {
                    _registers.Add(value, NewRegister());
                }
                else if (value.Op == Op.Parameter)
                {
                    var parameter = (int)value.Immediate;
                    if (_parameters[parameter] == MachineInstruction.None)
                    {
                        _parameters[parameter] = NewRegister();
                    }

                    _registers.Add(value, _parameters[parameter]);
                }
            }
        }

        _current = _machine.Blocks[0];
        _location = _function.Location;
        var cleared = order.SelectMany(b => b.Values).Where(v => v.Op == Op.Parameter && _normalised.Contains(v)).Select(v => (int)v.Immediate).ToHashSet();
        for (var i = 0; i < _parameters.Length; i++)
        {
            if (_parameters[i] != MachineInstruction.None)
            {
                Move(_parameters[i], i + 1, !cleared.Contains(i));
            }
        }

        foreach (var block in order)
        {
            _current = _blocks[block];
            _cached.Clear();
            foreach (var value in block.Values)
            {
                _location = value.Location ?? _location;
                Lower(value);
            }

            foreach (var successor in block.Successors)
            {
                _current.Successors.Add(_blocks[successor]);
            }

            if (block.Terminator is { Op: Op.Branch, Comparison: Comparison.BitsClear })
            {
                _current.Successors.Reverse();
            }
        }
    }

    private void FindExtended(List<Block> order)
    {
        var phis = new HashSet<Value>(ReferenceEqualityComparer.Instance);
        var work = new Stack<Value>();
        foreach (var value in order.SelectMany(b => b.Values))
        {
            if (value is { Op: Op.Phi, Type: ValueType.I32 })
            {
                phis.Add(value);
            }
            else if (value is { Op: Op.ZeroExtend, Type: ValueType.I64 } && value.Operands[0].Type == ValueType.I32)
            {
                work.Push(value.Operands[0]);
            }
        }

        var wanted = new HashSet<Value>(ReferenceEqualityComparer.Instance);
        while (work.TryPop(out var value))
        {
            if (!wanted.Add(value))
            {
                continue;
            }

            if (value.Op == Op.Phi)
            {
                foreach (var operand in value.Operands.Where(o => o.Op == Op.Phi))
                {
                    work.Push(operand);
                }
            }
            else if (value.Op is Op.Parameter or Op.Truncate or Op.SwapBytes || IsCall(value))
            {
                _normalised.Add(value);
            }
        }

        _zeroPhis.UnionWith(phis);
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var phi in phis)
            {
                if (_zeroPhis.Contains(phi) && !wanted.Contains(phi) && !phi.Operands.All(UpperIsZero))
                {
                    _zeroPhis.Remove(phi);
                    changed = true;
                }
            }
        }
    }

    /// <summary>Whether the upper half of the value's register is zero.</summary>
    private bool UpperIsZero(Value value)
    {
        if (value.Type != ValueType.I32)
        {
            return value.Type == ValueType.I64 && _bits.Of(value) <= uint.MaxValue;
        }

        return value.Op switch
        {
            Op.Parameter or Op.CallHelper or Op.CallKfunc or Op.CallFunction => _normalised.Contains(value),
            Op.Truncate => _normalised.Contains(value) || UpperIsZero(value.Operands[0]),
            Op.Phi => _zeroPhis.Contains(value),
            _ => true,
        };
    }

    private static Dictionary<Block, int> LoopDepths(List<Block> order)
    {
        var depths = new Dictionary<Block, int>(ReferenceEqualityComparer.Instance);
        var dominators = new Dominators(order);
        foreach (var header in order)
        {
            var body = new HashSet<Block>(ReferenceEqualityComparer.Instance);
            var work = new Stack<Block>(header.Predecessors.Where(p => dominators.IsReachable(p) && dominators.Dominates(header, p)));
            if (work.Count == 0)
            {
                continue;
            }

            body.Add(header);
            while (work.TryPop(out var block))
            {
                if (body.Add(block))
                {
                    foreach (var predecessor in block.Predecessors.Where(dominators.IsReachable))
                    {
                        work.Push(predecessor);
                    }
                }
            }

            foreach (var block in body)
            {
                depths[block] = depths.GetValueOrDefault(block) + 1;
            }
        }

        return depths;
    }

    private int NewRegister() => _machine.NextRegister++;

    private MachineInstruction Emit(MachineInstruction instruction)
    {
        instruction.Location = _location;
        _current.Instructions.Add(instruction);
        return instruction;
    }

    private void Move(int to, int from, bool is64 = true) =>
        Emit(new MachineInstruction(MachineKind.Alu) { Operation = Isa.Move, Is64 = is64, Destination = to, Source = from });

    private void Alu(byte operation, bool is64, int destination, int source) =>
        Emit(new MachineInstruction(MachineKind.Alu) { Operation = operation, Is64 = is64, Destination = destination, Source = source });

    private void AluImmediate(byte operation, bool is64, int destination, long immediate) =>
        Emit(new MachineInstruction(MachineKind.Alu) { Operation = operation, Is64 = is64, Destination = destination, Immediate = immediate });

    private void LoadConstant(int register, long immediate, ValueType type)
    {
        if (type == ValueType.I32)
        {
            AluImmediate(Isa.Move, immediate >= 0, register, immediate);
        }
        else if (Fits(immediate))
        {
            AluImmediate(Isa.Move, true, register, immediate);
        }
        else if (immediate is > 0 and <= uint.MaxValue)
        {
            AluImmediate(Isa.Move, false, register, (int)immediate);
        }
        else
        {
            Emit(new MachineInstruction(MachineKind.LoadImmediate) { Destination = register, Immediate = immediate });
        }
    }

    private static bool IsRemade(Value value) =>
        value.Op is Op.Constant or Op.StackAddress or Op.MapReference or Op.MapValueAddress or Op.FunctionAddress;

    /// <summary>Puts the value into this register.</summary>
    private void Into(int register, Value value)
    {
        switch (value.Op)
        {
            case Op.Constant:
                LoadConstant(register, value.Immediate, value.Type);
                break;
            case Op.StackAddress:
                Emit(new MachineInstruction(MachineKind.StackAddress) { Destination = register, Symbol = value.Symbol, Immediate = value.Immediate });
                break;
            case Op.MapReference or Op.FunctionAddress or Op.MapValueAddress:
                Emit(new MachineInstruction(MachineKind.LoadImmediate)
                {
                    Destination = register,
                    Symbol = value.Symbol,
                    Immediate = value.Immediate,
                    Offset = value.Op == Op.MapValueAddress ? 1 : 0,
                });
                break;
            default:
                Move(register, RegisterOf(value));
                break;
        }
    }

    /// <summary>A register that holds the value.</summary>
    private int RegisterOf(Value value)
    {
        if (!IsRemade(value))
        {
            return _registers.TryGetValue(value, out var register)
                ? register
                : throw new InvalidOperationException($"{_function.Name}: {value.Op} was not lowered before its use");
        }

        var isCached = value.Op == Op.MapValueAddress || (value.Op == Op.Constant && value.Type != ValueType.I32 && !Fits(value.Immediate));
        if (isCached && _cached.TryGetValue((value.Symbol, value.Immediate), out var cached))
        {
            return cached;
        }

        var made = NewRegister();
        Into(made, value);
        if (isCached)
        {
            _cached[(value.Symbol, value.Immediate)] = made;
        }

        return made;
    }

    private int Define(Value value) => _registers[value] = NewRegister();

    private void Lower(Value value)
    {
        var is64 = value.Type != ValueType.I32;
        switch (value.Op)
        {
            case Op.Phi or Op.Parameter:
            case Op.Constant or Op.StackAddress or Op.MapReference or Op.MapValueAddress or Op.FunctionAddress:
                break;
            case Op.Add or Op.Subtract or Op.Multiply or Op.DivideUnsigned or Op.RemainderUnsigned or Op.And or Op.Or or Op.Xor:
                Binary(value, is64);
                break;
            case Op.ShiftLeft or Op.ShiftRightUnsigned or Op.ShiftRightSigned:
                Shift(value, is64);
                break;
            case Op.Negate:
                Into(Define(value), value.Operands[0]);
                AluImmediate(Isa.Negate, is64, _registers[value], 0);
                break;
            case Op.ZeroExtend:
                ZeroExtend(value, is64);
                break;
            case Op.SignExtend when value.Size == 4 && !is64:
                Move(Define(value), RegisterOf(value.Operands[0]), false);
                break;
            case Op.SignExtend:
                Into(Define(value), value.Operands[0]);
                var distance = (is64 ? 64 : 32) - (8 * value.Size);
                AluImmediate(Isa.ShiftLeft, is64, _registers[value], distance);
                AluImmediate(Isa.ShiftRightSigned, is64, _registers[value], distance);
                break;
            case Op.Truncate:
                if (_normalised.Contains(value) && !UpperIsZero(value.Operands[0]))
                {
                    Move(Define(value), RegisterOf(value.Operands[0]), false);
                }
                else
                {
                    _registers[value] = RegisterOf(value.Operands[0]);
                }

                break;
            case Op.SwapBytes:
                Into(Define(value), value.Operands[0]);
                AluImmediate(Isa.End, false, _registers[value], 8 * value.Size);
                // The verifier does not know what a swap leaves above.
                if (_normalised.Contains(value) || (is64 && value.Size < 8))
                {
                    if (value.Size == 2)
                    {
                        AluImmediate(Isa.And, true, _registers[value], 0xFFFF);
                    }
                    else
                    {
                        Move(_registers[value], _registers[value], false);
                    }
                }

                break;
            case Op.Compare:
                Compare(value);
                break;
            case Op.Load:
                Load(value);
                break;
            case Op.Store:
                Store(value);
                break;
            case Op.ZeroMemory:
                ZeroMemory(value);
                break;
            case Op.CopyMemory:
                CopyMemory(value);
                break;
            case Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor or Op.AtomicExchange or Op.AtomicCompareExchange:
                Atomic(value);
                break;
            case Op.CallHelper or Op.CallKfunc or Op.CallFunction:
                Call(value);
                break;
            case Op.Jump:
                Copies(value.Block!);
                Emit(new MachineInstruction(MachineKind.Jump));
                break;
            case Op.Branch:
                var (operation, left, right, immediate) = Condition(value);
                Emit(new MachineInstruction(MachineKind.Branch)
                {
                    Operation = operation,
                    Is64 = value.Operands[0].Type != ValueType.I32,
                    Destination = left,
                    Source = right,
                    Immediate = immediate,
                });
                break;
            case Op.Return:
                Return(value);
                break;
            default:
                throw new InvalidOperationException($"{_function.Name}: {value.Op} should have been lowered before");
        }
    }

    private void Binary(Value value, bool is64)
    {
        var operation = value.Op switch
        {
            Op.Add => Isa.Add,
            Op.Subtract => Isa.Subtract,
            Op.Multiply => Isa.Multiply,
            Op.DivideUnsigned => Isa.Divide,
            Op.RemainderUnsigned => Isa.Modulo,
            Op.And => Isa.And,
            Op.Or => Isa.Or,
            _ => Isa.Xor,
        };
        var (left, right) = (value.Operands[0], value.Operands[1]);
        var commutes = value.Op is Op.Add or Op.Multiply or Op.And or Op.Or or Op.Xor;
        if (commutes && (IsConstant(left, out _) || right.Type == ValueType.Pointer))
        {
            (left, right) = (right, left);
        }

        if (IsConstant(right, out var immediate) && Fits(immediate) && !(value.Op is Op.DivideUnsigned or Op.RemainderUnsigned && immediate == 0))
        {
            if (value.Op == Op.Subtract && Fits(-immediate))
            {
                (operation, immediate) = (Isa.Add, -immediate);
            }

            if (left.Op == Op.StackAddress && operation == Isa.Add)
            {
                Emit(new MachineInstruction(MachineKind.StackAddress) { Destination = Define(value), Symbol = left.Symbol, Immediate = left.Immediate + immediate });
                return;
            }

            Into(Define(value), left);
            AluImmediate(operation, is64, _registers[value], immediate);
            return;
        }

        var source = RegisterOf(right);
        Into(Define(value), left);
        Alu(operation, is64, _registers[value], source);
    }

    private void Shift(Value value, bool is64)
    {
        var operation = value.Op switch { Op.ShiftLeft => Isa.ShiftLeft, Op.ShiftRightUnsigned => Isa.ShiftRight, _ => Isa.ShiftRightSigned };
        var mask = is64 ? 63 : 31;
        if (IsConstant(value.Operands[1], out var immediate))
        {
            Into(Define(value), value.Operands[0]);
            AluImmediate(operation, is64, _registers[value], immediate & mask);
            return;
        }

        var count = RegisterOf(value.Operands[1]);
        if (_bits.Of(value.Operands[1]) > (ulong)mask)
        {
            var masked = NewRegister();
            Move(masked, count);
            AluImmediate(Isa.And, false, masked, mask);
            count = masked;
        }

        Into(Define(value), value.Operands[0]);
        Alu(operation, is64, _registers[value], count);
    }

    private void ZeroExtend(Value value, bool is64)
    {
        var operand = value.Operands[0];
        var mask = (1UL << (8 * value.Size)) - 1;
        if (_bits.Of(operand) <= mask && UpperIsZero(operand))
        {
            _registers[value] = RegisterOf(operand);
        }
        else if (value.Size == 4)
        {
            Move(Define(value), RegisterOf(operand), false);
        }
        else
        {
            Into(Define(value), operand);
            AluImmediate(Isa.And, is64, _registers[value], (long)mask);
        }
    }

    private static byte JumpOf(Comparison comparison) => comparison switch
    {
        Comparison.Equal => Isa.Equal,
        Comparison.NotEqual => Isa.NotEqual,
        Comparison.LessUnsigned => Isa.Less,
        Comparison.LessOrEqualUnsigned => Isa.LessOrEqual,
        Comparison.GreaterUnsigned => Isa.Greater,
        Comparison.GreaterOrEqualUnsigned => Isa.GreaterOrEqual,
        Comparison.LessSigned => Isa.LessSigned,
        Comparison.LessOrEqualSigned => Isa.LessOrEqualSigned,
        Comparison.GreaterSigned => Isa.GreaterSigned,
        Comparison.GreaterOrEqualSigned => Isa.GreaterOrEqualSigned,
        _ => Isa.BitsSet,
    };

    private static Comparison Exchanged(Comparison comparison) => comparison switch
    {
        Comparison.LessUnsigned => Comparison.GreaterUnsigned,
        Comparison.LessOrEqualUnsigned => Comparison.GreaterOrEqualUnsigned,
        Comparison.GreaterUnsigned => Comparison.LessUnsigned,
        Comparison.GreaterOrEqualUnsigned => Comparison.LessOrEqualUnsigned,
        Comparison.LessSigned => Comparison.GreaterSigned,
        Comparison.LessOrEqualSigned => Comparison.GreaterOrEqualSigned,
        Comparison.GreaterSigned => Comparison.LessSigned,
        Comparison.GreaterOrEqualSigned => Comparison.LessOrEqualSigned,
        _ => comparison,
    };

    private (byte Operation, int Left, int Right, long Immediate) Condition(Value value)
    {
        var (left, right, comparison) = (value.Operands[0], value.Operands[1], value.Comparison);
        if (IsConstant(left, out _) && !IsConstant(right, out _))
        {
            (left, right, comparison) = (right, left, Exchanged(comparison));
        }

        var register = RegisterOf(left);
        return IsConstant(right, out var immediate) && Fits(immediate)
            ? (JumpOf(comparison), register, MachineInstruction.None, immediate)
            : (JumpOf(comparison), register, RegisterOf(right), 0);
    }

    private void Compare(Value value)
    {
        var (operation, left, right, immediate) = Condition(value);
        Emit(new MachineInstruction(MachineKind.SetCondition)
        {
            Operation = operation,
            Is64 = value.Operands[0].Type != ValueType.I32,
            Left = left,
            Source = right,
            Immediate = immediate,
            Offset = value.Comparison == Comparison.BitsClear ? 1 : 0,
            Destination = Define(value),
        });
    }

    /// <summary>Register or slot, and displacement, of an access.</summary>
    private (int Register, StackSlot? Slot, int Offset) Address(Value address, long offset)
    {
        (address, offset) = OnStack(address, offset) ?? (address, offset);
        if (address.Op == Op.StackAddress)
        {
            return (MachineInstruction.FramePointer, (StackSlot)address.Symbol!, checked((int)(address.Immediate + offset)));
        }

        var register = RegisterOf(address);
        if (offset == (short)offset)
        {
            return (register, null, (int)offset);
        }

        var moved = NewRegister();
        Move(moved, register);
        AluImmediate(Isa.Add, true, moved, checked((int)offset));
        return (moved, null, 0);
    }

    /// <summary>The stack address and offset that constants were added to.</summary>
    private static (Value Address, long Offset)? OnStack(Value address, long offset)
    {
        while (address.Op == Op.Add && address.Operands[1].Op == Op.Constant && address.Operands[0].Type == ValueType.Pointer)
        {
            offset += address.Operands[1].Immediate;
            address = address.Operands[0];
        }

        return address.Op == Op.StackAddress ? (address, offset) : null;
    }

    /// <summary>The largest access that the verifier allows there: strict only on the stack and the context.</summary>
    private static int Granule(Value address, long offset)
    {
        for (var depth = 0; depth < 16; depth++)
        {
            switch (address.Op)
            {
                case Op.StackAddress:
                    return LowestBit(AlignmentOf((StackSlot)address.Symbol!), address.Immediate + offset);
                case Op.Add or Op.Subtract when address.Operands[1].Op == Op.Constant:
                    offset += address.Op == Op.Add ? address.Operands[1].Immediate : -address.Operands[1].Immediate;
                    address = address.Operands[0];
                    continue;
                case Op.Parameter:
                    // It may point to a caller's stack.
                    return LowestBit(8, offset);
                default:
                    return 8;
            }
        }

        return 8;

        static int LowestBit(int alignment, long at) => (int)Math.Min(alignment, at == 0 ? 8 : at & -at);
    }

    private void EmitLoad(int destination, (int Register, StackSlot? Slot, int Offset) at, int offset, int size) =>
        Emit(new MachineInstruction(MachineKind.Load)
        {
            Destination = destination,
            Source = at.Register,
            Symbol = at.Slot,
            Offset = at.Offset + offset,
            Size = size,
        });

    private void EmitStore((int Register, StackSlot? Slot, int Offset) at, int offset, int size, int source) =>
        Emit(new MachineInstruction(MachineKind.Store)
        {
            Destination = at.Register,
            Source = source,
            Symbol = at.Slot,
            Offset = at.Offset + offset,
            Size = size,
        });

    private void EmitStoreImmediate((int Register, StackSlot? Slot, int Offset) at, int offset, int size, long immediate) =>
        Emit(new MachineInstruction(MachineKind.StoreImmediate)
        {
            Destination = at.Register,
            Symbol = at.Slot,
            Offset = at.Offset + offset,
            Size = size,
            Immediate = immediate,
        });

    private void Load(Value value)
    {
        var at = Address(value.Operands[0], value.Immediate);
        var granule = at.Slot is null ? value.Size : Math.Min(value.Size, Granule(value.Operands[0], value.Immediate));
        var result = Define(value);
        EmitLoad(result, at, 0, granule);
        for (var done = granule; done < value.Size; done += granule)
        {
            var part = NewRegister();
            EmitLoad(part, at, done, granule);
            AluImmediate(Isa.ShiftLeft, true, part, 8 * done);
            Alu(Isa.Or, true, result, part);
        }
    }

    private void Store(Value value)
    {
        var at = Address(value.Operands[0], value.Immediate);
        var granule = at.Slot is null ? value.Size : Math.Min(value.Size, Granule(value.Operands[0], value.Immediate));
        // The context takes no immediate stores.
        if (IsConstant(value.Operands[1], out var immediate) && !value.IsContextAccess && (value.Size < 8 || granule < 8 || Fits(immediate)))
        {
            for (var done = 0; done < value.Size; done += granule)
            {
                EmitStoreImmediate(at, done, granule, (int)(immediate >> (8 * done)));
            }

            return;
        }

        var source = RegisterOf(value.Operands[1]);
        EmitStore(at, 0, granule, source);
        for (var done = granule; done < value.Size; done += granule)
        {
            var part = NewRegister();
            Move(part, source);
            AluImmediate(Isa.ShiftRight, true, part, 8 * done);
            EmitStore(at, done, granule, part);
        }
    }

    private void ZeroMemory(Value value)
    {
        var at = Address(value.Operands[0], value.Immediate);
        for (var done = 0; done < value.Size;)
        {
            var size = Chunk(value.Size - done, Granule(value.Operands[0], value.Immediate + done));
            EmitStoreImmediate(at, done, size, 0);
            _current.Instructions[^1].KillsSlot = done == 0 && at.Slot is { } slot && at.Offset == 0 && value.Size >= slot.Size;
            done += size;
        }
    }

    private void CopyMemory(Value value)
    {
        var to = Address(value.Operands[0], value.Immediate);
        var from = Address(value.Operands[1], value.Immediate2);
        for (var done = 0; done < value.Size;)
        {
            var granule = Math.Min(Granule(value.Operands[0], value.Immediate + done), Granule(value.Operands[1], value.Immediate2 + done));
            var size = Chunk(value.Size - done, granule);
            var part = NewRegister();
            EmitLoad(part, from, done, size);
            EmitStore(to, done, size, part);
            done += size;
        }
    }

    private static int Chunk(int left, int granule)
    {
        while (granule > left)
        {
            granule /= 2;
        }

        return granule;
    }

    private void Atomic(Value value)
    {
        var at = Address(value.Operands[0], value.Immediate);
        var source = RegisterOf(value.Operands[1]);
        var operation = value.Op switch
        {
            Op.AtomicAdd => Isa.Add,
            Op.AtomicAnd => Isa.And,
            Op.AtomicOr => Isa.Or,
            Op.AtomicXor => Isa.Xor,
            Op.AtomicExchange => Isa.Exchange,
            _ => Isa.CompareExchange,
        };
        if (value.Op == Op.AtomicCompareExchange)
        {
            var replacement = RegisterOf(value.Operands[2]);
            Move(0, source);
            source = replacement;
        }
        else if (value.Type != ValueType.Void || value.Op == Op.AtomicExchange)
        {
            operation |= Isa.Fetch;
            var old = value.Type != ValueType.Void ? Define(value) : NewRegister();
            Move(old, source);
            source = old;
        }

        Emit(new MachineInstruction(MachineKind.Atomic)
        {
            Destination = at.Register,
            Symbol = at.Slot,
            Offset = at.Offset,
            Size = value.Size,
            Source = source,
            Immediate = operation,
        });
        if (value.Op == Op.AtomicCompareExchange && value.Type != ValueType.Void)
        {
            Move(Define(value), 0);
        }
    }

    private void Call(Value value)
    {
        // What needs a register of its own first, so that arguments are not shuffled around it.
        for (var i = 0; i < value.Operands.Count; i++)
        {
            if (!IsRemade(value.Operands[i]))
            {
                Into(i + 1, value.Operands[i]);
            }
        }

        for (var i = 0; i < value.Operands.Count; i++)
        {
            if (IsRemade(value.Operands[i]))
            {
                Into(i + 1, value.Operands[i]);
            }
        }

        _cached.Clear();
        Emit(new MachineInstruction(value.Op switch
        {
            Op.CallHelper => MachineKind.CallHelper,
            Op.CallKfunc => MachineKind.CallKfunc,
            _ => MachineKind.CallFunction,
        })
        {
            Immediate = value.Immediate,
            Symbol = value.Symbol,
            Arguments = value.Operands.Count,
        });
        if (value.Type != ValueType.Void)
        {
            Move(Define(value), 0, !_normalised.Contains(value));
        }
    }

    private void Return(Value value)
    {
        if (value.Operands.Count > 0)
        {
            if (IsRemade(value.Operands[0]))
            {
                Into(0, value.Operands[0]);
            }
            else
            {
                // The kernel checks the range of the whole register for some programs and call-backs; who calls a global function knows nothing of it.
                Move(0, RegisterOf(value.Operands[0]),
                    value.Operands[0].Type != ValueType.I32 || _function.Kind == FunctionKind.Global || UpperIsZero(value.Operands[0]));
            }
        }
        else if (_function.Kind != FunctionKind.Static)
        {
            LoadConstant(0, 0, ValueType.I32);
        }

        Emit(new MachineInstruction(MachineKind.Exit) { Arguments = value.Operands.Count > 0 || _function.Kind != FunctionKind.Static ? 1 : 0 });
    }

    /// <summary>The copies into the phis of the only successor: all at once in meaning, so ordered, and cycles broken by one more register.</summary>
    private void Copies(Block block)
    {
        var successor = block.Successors[0];
        var index = successor.Predecessors.IndexOf(block);
        var copies = new List<(int To, int From, bool Is64)>();
        var remade = new List<(int To, Value Value)>();
        foreach (var phi in successor.Values)
        {
            if (phi.Op != Op.Phi)
            {
                break;
            }

            var operand = phi.Operands[index];
            if (IsRemade(operand))
            {
                remade.Add((_registers[phi], operand));
            }
            else if (_registers[operand] != _registers[phi])
            {
                copies.Add((_registers[phi], _registers[operand], !(_zeroPhis.Contains(phi) && !UpperIsZero(operand))));
            }
        }

        while (copies.Count > 0)
        {
            var free = copies.FindIndex(c => !copies.Exists(other => other.From == c.To && other != c));
            if (free < 0)
            {
                var saved = NewRegister();
                Move(saved, copies[0].From);
                copies[0] = copies[0] with { From = saved };
                continue;
            }

            Move(copies[free].To, copies[free].From, copies[free].Is64);
            copies.RemoveAt(free);
        }

        foreach (var (to, value) in remade)
        {
            Into(to, value);
        }
    }
}
