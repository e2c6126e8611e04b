using System.Buffers.Binary;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>
/// Makes a module from a seed: scalars and control flow, loops, memory on the stack and in maps, packet bytes, helper calls, sub-programs and
/// call-backs. What it makes the verifier accepts; inputs come from the map <c>in</c> and the packet, results go to r0 and the maps.
/// </summary>
internal sealed class RandomModule
{
    public const int InputBytes = 64;
    public const int OutputBytes = 128;
    public const int TableEntries = 4;
    public const int TableValueBytes = 32;
    public const int PacketBytes = 64;
    private const int Variables = 5;

    private static readonly IntegerDescription s_int = new("int", 4, true);
    private static readonly IntegerDescription s_uint = new("unsigned int", 4, false);
    private static readonly IntegerDescription s_long = new("long", 8, true);
    private static readonly StructDescription s_context = new("__sk_buff", 0, []);

    private readonly Random _random;
    private readonly Module _module = new();
    private readonly MapSymbol _input = new("in", 2) { KeySize = 4, ValueSize = InputBytes, MaxEntries = 1 };
    private readonly MapSymbol _output = new("out", 2) { KeySize = 4, ValueSize = OutputBytes, MaxEntries = 1 };
    private readonly MapSymbol _table = new("table", 2) { KeySize = 4, ValueSize = TableValueBytes, MaxEntries = TableEntries };
    private readonly List<Function> _callable = [];
    private Function? _callback;

    private RandomModule(int seed, int size)
    {
        _random = new Random(seed);
        _module.Maps.AddRange([_input, _output, _table]);
        var functions = _random.Next(3);
        for (var i = 0; i < functions; i++)
        {
            MakeSubprogram(i, size / 4);
        }

        if (_random.Next(3) == 0)
        {
            MakeCallback(size / 4);
        }

        MakeMain(size);
    }

    /// <summary>A module; the same seed makes the same. Its program is named <c>main</c>.</summary>
    public static Module Make(int seed, int size = 60) => new RandomModule(seed, size)._module;

    /// <summary>The input map's contents and the packet for a seed.</summary>
    public static (byte[] Input, byte[] Packet) Inputs(int seed)
    {
        var random = new Random(seed ^ 0x5EED);
        var input = new byte[InputBytes];
        random.NextBytes(input);
        // Edge values, which random bytes never are.
        for (var i = 0; i < InputBytes; i += 8)
        {
            var edge = random.Next(8) switch
            {
                0 => 0L,
                1 => -1L,
                2 => int.MinValue,
                3 => long.MinValue,
                4 => uint.MaxValue,
                5 => random.Next(-4, 5),
                _ => (long?)null,
            };
            if (edge is { } value)
            {
                BinaryPrimitives.WriteInt64LittleEndian(input.AsSpan(i), value);
            }
        }

        var packet = new byte[PacketBytes];
        random.NextBytes(packet);
        return (input, packet);
    }

    private void MakeMain(int size)
    {
        var function = new Function("main")
        {
            Kind = FunctionKind.Program,
            Section = "tc",
            ReturnType = ValueType.I32,
            ReturnDescription = s_int,
            Location = new SourceLocation("random.cs", 1, 1),
        };
        function.Parameters.Add(new Parameter("ctx", ValueType.Pointer, new PointerDescription(s_context)));
        _module.Functions.Add(function);
        var body = new Body(this, function, size, isMain: true);
        body.Start(b =>
        {
            var input = b.MapValue(_input);
            return [.. Enumerable.Range(0, Variables).Select(i => i % 2 == 0
                ? b.Load(ValueType.I64, input, 8 * i, 8)
                : b.Load(ValueType.I32, input, 8 * i, 4))];
        });
        body.Finish();
    }

    private void MakeSubprogram(int index, int size)
    {
        var isGlobal = _random.Next(2) == 0;
        var function = new Function($"sub{index}")
        {
            Kind = isGlobal ? FunctionKind.Global : FunctionKind.Static,
            ReturnType = ValueType.I32,
            ReturnDescription = s_int,
            Location = new SourceLocation("random.cs", 100 + index, 1),
        };
        function.Parameters.Add(new Parameter("a", ValueType.I64, s_long));
        function.Parameters.Add(new Parameter("b", ValueType.I32, s_int));
        if (!isGlobal && _random.Next(2) == 0)
        {
            function.Parameters.Add(new Parameter("p", ValueType.Pointer, new PointerDescription(s_long)));
        }

        _module.Functions.Add(function);
        var body = new Body(this, function, size, isMain: false);
        body.Start(b =>
        {
            var (a, c) = (b.Parameter(0), b.Parameter(1));
            return [a, c, b.Convert(Op.SignExtend, ValueType.I64, 4, c), b.Append(Op.Truncate, ValueType.I32, a), a];
        });
        body.Finish();
        _callable.Add(function);
    }

    private void MakeCallback(int size)
    {
        var function = new Function("step")
        {
            Kind = FunctionKind.Static,
            ReturnType = ValueType.I32,
            ReturnDescription = s_int,
            Location = new SourceLocation("random.cs", 200, 1),
        };
        function.Parameters.Add(new Parameter("index", ValueType.I32, s_uint));
        function.Parameters.Add(new Parameter("state", ValueType.Pointer, new PointerDescription(null)));
        _module.Functions.Add(function);
        var body = new Body(this, function, size, isMain: false) { StateBytes = 16 };
        body.Start(b =>
        {
            var (index, state) = (b.Parameter(0), b.Parameter(1));
            var wide = b.Load(ValueType.I64, state, 0, 8);
            var narrow = b.Load(ValueType.I32, state, 8, 4);
            return [wide, index, wide, narrow, wide];
        });
        body.Finish();
        _callback = function;
    }

    /// <summary>One function under construction: variables of alternating types, whose current values are merged by phis.</summary>
    private sealed class Body(RandomModule module, Function function, int size, bool isMain)
    {
        private readonly Random _random = module._random;
        private readonly IrBuilder _builder = new(function);
        // Fields of the structs: offset and size.
        private static readonly (int Offset, int Size)[] s_fields = [(0, 8), (8, 4), (12, 2), (14, 1), (15, 1), (16, 8)];
        private const int StructBytes = 24;

        private readonly List<StackSlot> _slots = [];
        private readonly List<StackSlot> _structs = [];
        private Value[] _variables = [];
        private int _budget = size;
        private Value? _context;
        private Value? _pointer;

        /// <summary>Bytes behind the second parameter, for call-backs.</summary>
        public int StateBytes { get; init; }

        public void Start(Func<IrBuilder, Value[]> variables)
        {
            _builder.Current = _builder.NewBlock();
            _builder.Location = function.Location;
            if (isMain)
            {
                _context = _builder.Parameter(0);
            }
            else if (function.Parameters[^1].Type == ValueType.Pointer)
            {
                _pointer = _builder.Parameter(function.Parameters.Count - 1);
            }

            var slots = 1 + _random.Next(3);
            for (var i = 0; i < slots; i++)
            {
                // Callers' frames count, too.
                var bytes = 8 * (1 + _random.Next(isMain ? 5 : 3));
                var slot = _builder.NewSlot($"slot{i}", bytes, 8);
                _slots.Add(slot);
                _builder.ZeroMemory(_builder.StackAddress(slot), 0, bytes);
            }

            // Structs, whose fields are only accessed whole.
            for (var i = 0; i < 2; i++)
            {
                var slot = _builder.NewSlot($"struct{i}", StructBytes, 8);
                _structs.Add(slot);
                _builder.ZeroMemory(_builder.StackAddress(slot), 0, StructBytes);
            }

            _variables = variables(_builder);
        }

        public void Finish()
        {
            while (_budget > 0)
            {
                Statement(0);
            }

            if (isMain)
            {
                var output = _builder.MapValue(module._output);
                for (var i = 0; i < Variables; i++)
                {
                    _builder.Store(output, 8 * i, i % 2 == 0 ? 8 : 4, _variables[i]);
                }

                var at = 8 * Variables;
                foreach (var slot in _slots)
                {
                    var bytes = Math.Min(slot.Size, OutputBytes - at);
                    _builder.CopyMemory(output, at, _builder.StackAddress(slot), 0, bytes);
                    at += bytes;
                }
            }

            if (StateBytes > 0)
            {
                _builder.Store(_pointer!, 0, 8, _variables[0]);
                _builder.Store(_pointer!, 8, 4, _variables[3]);
                _builder.Return(_builder.Append(Op.And, ValueType.I32, _variables[1], _builder.Constant(ValueType.I32, 1)));
            }
            else
            {
                _builder.Return(_variables[1]);
            }
        }

        private static ValueType TypeOf(int variable) => variable % 2 == 0 ? ValueType.I64 : ValueType.I32;

        private int Variable(ValueType type) => type == ValueType.I64 ? 2 * _random.Next((Variables + 1) / 2) : 1 + (2 * _random.Next(Variables / 2));

        private Value Any(ValueType type) => _random.Next(5) == 0 ? Constant(type) : _variables[Variable(type)];

        private Value Constant(ValueType type) => _builder.Constant(type, _random.Next(7) switch
        {
            0 => 0,
            1 => 1,
            2 => -1,
            3 => _random.NextInt64(),
            4 => 1L << _random.Next(64),
            5 => 0xFFFF_FFFF,
            _ => _random.Next(-300, 300),
        });

        private void Assign(Value value)
        {
            _builder.Location = new SourceLocation("random.cs", 10 + _budget, 5);
            _variables[Variable(value.Type)] = value;
        }

        private void Statement(int depth)
        {
            _budget--;
            switch (_random.Next(24))
            {
                case 20 or 21:
                    StructAccess();
                    break;
                case 22:
                    StructCopy();
                    break;
                case 23 when depth < 4:
                    PointerChoice(depth);
                    break;
                case < 8:
                    Assign(Expression());
                    break;
                case 8 or 9 when depth < 4:
                    If(depth);
                    break;
                case 10 when depth < 4 && _random.Next(2) == 0:
                    Truth(depth);
                    break;
                case 10 when depth < 2:
                    Loop(depth);
                    break;
                case 11 or 12:
                    SlotAccess();
                    break;
                case 13:
                    CopyOrZero();
                    break;
                case 14:
                    MapAccess();
                    break;
                case 15 when depth < 3:
                    Lookup(depth);
                    break;
                case 16:
                    CallSubprogram();
                    break;
                case 17 when isMain && depth < 3:
                    PacketAccess(depth);
                    break;
                case 18:
                    AtomicAccess();
                    break;
                case 19 when isMain && module._callback is not null && depth < 2:
                    CallLoop();
                    break;
                default:
                    if (_pointer is not null)
                    {
                        Assign(_builder.Load(ValueType.I64, _pointer, 0, 8));
                        _builder.Store(_pointer, 0, 4, Any(ValueType.I32));
                    }
                    else
                    {
                        Assign(Expression());
                    }

                    break;
            }
        }

        private Value Expression()
        {
            var type = _random.Next(2) == 0 ? ValueType.I32 : ValueType.I64;
            switch (_random.Next(12))
            {
                case 0:
                    return _builder.Convert(_random.Next(2) == 0 ? Op.ZeroExtend : Op.SignExtend, type, 1 << _random.Next(3), Any(AnyType()));
                case 1:
                    return _builder.Append(Op.Truncate, ValueType.I32, Any(ValueType.I64));
                case 2:
                    return _builder.Convert(Op.ZeroExtend, ValueType.I64, 4, Any(ValueType.I32));
                case 3:
                    var bytes = type == ValueType.I64 ? 2 << _random.Next(3) : 2 << _random.Next(2);
                    return _builder.Convert(Op.SwapBytes, type, bytes, Any(bytes == 8 ? ValueType.I64 : AnyType()));
                case 4:
                    var compared = AnyType();
                    return _builder.Compare((Comparison)_random.Next(12), Any(compared), Any(compared));
                case 5:
                    return _builder.Append(Op.Negate, type, Any(type));
                case 6 or 7:
                    var shift = (Op)((int)Op.ShiftLeft + _random.Next(3));
                    return _builder.Append(shift, type, Any(type), _random.Next(2) == 0
                        ? _builder.Constant(ValueType.I32, _random.Next(type == ValueType.I32 ? 32 : 64))
                        : Any(AnyType()));
                default:
                    Op[] operations =
                    [
                        Op.Add, Op.Add, Op.Subtract, Op.Multiply, Op.And, Op.Or, Op.Xor,
                        Op.DivideUnsigned, Op.DivideSigned, Op.RemainderUnsigned, Op.RemainderSigned,
                    ];
                    return _builder.Append(operations[_random.Next(operations.Length)], type, Any(type), Any(type));
            }
        }

        private ValueType AnyType() => _random.Next(2) == 0 ? ValueType.I32 : ValueType.I64;

        private void If(int depth)
        {
            var type = AnyType();
            Branch((Comparison)_random.Next(12), Any(type), Any(type), depth);
        }

        private void Branch(Comparison comparison, Value left, Value right, int depth, Action? first = null)
        {
            var (whenTrue, whenFalse, join) = (new Block(), new Block(), new Block());
            _builder.Branch(comparison, left, right, whenTrue, whenFalse);
            var before = (Value[])_variables.Clone();
            Enter(whenTrue);
            first?.Invoke();
            Statements(depth + 1);
            _builder.Jump(join);
            var afterTrue = _variables;
            _variables = before;
            Enter(whenFalse);
            if (_random.Next(2) == 0)
            {
                Statements(depth + 1);
            }

            _builder.Jump(join);
            Enter(join);
            for (var i = 0; i < Variables; i++)
            {
                if (_variables[i] != afterTrue[i])
                {
                    _variables[i] = _builder.Append(Op.Phi, TypeOf(i), afterTrue[i], _variables[i]);
                }
            }
        }

        /// <summary>A branch on a constant that branches before chose, as an inlined method that returns bool leaves it.</summary>
        private void Truth(int depth)
        {
            var (join, ways) = (new Block(), 2 + _random.Next(2));
            var results = new List<(Value Truth, Value[] Variables)>();
            for (var way = 0; way < ways; way++)
            {
                var (here, next) = (new Block(), new Block());
                var type = AnyType();
                if (way < ways - 1)
                {
                    _builder.Branch((Comparison)_random.Next(12), Any(type), Any(type), here, next);
                    Enter(here);
                }

                var before = (Value[])_variables.Clone();
                if (_random.Next(2) == 0)
                {
                    Statements(depth + 1);
                }

                var truth = _random.Next(4) == 0
                    ? _builder.Compare((Comparison)_random.Next(12), Any(ValueType.I32), Any(ValueType.I32))
                    : _builder.Constant(ValueType.I32, _random.Next(2));
                results.Add((truth, _variables));
                _builder.Jump(join);
                _variables = before;
                if (way < ways - 1)
                {
                    Enter(next);
                }
            }

            Enter(join);
            var merged = _builder.Append(Op.Phi, ValueType.I32, [.. results.Select(r => r.Truth)]);
            var variables = new Value[Variables];
            for (var i = 0; i < Variables; i++)
            {
                variables[i] = results.TrueForAll(r => r.Variables[i] == results[0].Variables[i])
                    ? results[0].Variables[i]
                    : _builder.Append(Op.Phi, TypeOf(i), [.. results.Select(r => r.Variables[i])]);
            }

            _variables = variables;
            Branch(_random.Next(2) == 0 ? Comparison.NotEqual : Comparison.Equal, merged, _builder.Constant(ValueType.I32, 0), depth);
            if (_random.Next(4) == 0)
            {
                Assign(merged);
            }
        }

        private void Enter(Block block)
        {
            function.Blocks.Add(block);
            _builder.Current = block;
        }

        private void Statements(int depth)
        {
            var count = 1 + _random.Next(4);
            for (var i = 0; i < count && _budget > 0; i++)
            {
                Statement(depth);
            }
        }

        private void Loop(int depth)
        {
            var (header, inside, exit) = (new Block(), new Block(), new Block());
            var count = _builder.Constant(ValueType.I32, 1 + _random.Next(4));
            var zero = _builder.Constant(ValueType.I32, 0);
            _builder.Jump(header);
            Enter(header);
            var counter = _builder.Append(Op.Phi, ValueType.I32, zero);
            var phis = new Value[Variables];
            for (var i = 0; i < Variables; i++)
            {
                phis[i] = _builder.Append(Op.Phi, TypeOf(i), _variables[i]);
            }

            _variables = (Value[])phis.Clone();
            _builder.Branch(Comparison.LessUnsigned, counter, count, inside, exit);
            Enter(inside);
            Assign(_builder.Append(Op.Add, ValueType.I32, _variables[Variable(ValueType.I32)], counter));
            Statements(depth + 1);
            counter.Operands.Add(_builder.Append(Op.Add, ValueType.I32, counter, _builder.Constant(ValueType.I32, 1)));
            for (var i = 0; i < Variables; i++)
            {
                phis[i].Operands.Add(_variables[i]);
            }

            _builder.Jump(header);
            _variables = phis;
            Enter(exit);
        }

        private StackSlot Slot() => _slots[_random.Next(_slots.Count)];

        private void SlotAccess()
        {
            var slot = Slot();
            var bytes = 1 << _random.Next(4);
            if (_random.Next(4) == 0)
            {
                // A byte at a place that is only known when it runs.
                var index = _builder.Append(Op.And, ValueType.I64, Any(ValueType.I64), _builder.Constant(ValueType.I64, 7));
                var address = _builder.Append(Op.Add, ValueType.Pointer, _builder.StackAddress(slot), index);
                if (_random.Next(2) == 0)
                {
                    _builder.Store(address, 0, 1, Any(ValueType.I32));
                }
                else
                {
                    Assign(_builder.Load(ValueType.I32, address, 0, 1));
                }

                return;
            }

            var offset = bytes * _random.Next(slot.Size / bytes);
            var at = _builder.StackAddress(slot);
            if (_random.Next(3) == 0 && bytes > 1)
            {
                // Not aligned, as fields of packed structs are.
                offset = _random.Next(slot.Size - bytes + 1);
            }

            if (_random.Next(3) == 0)
            {
                at = _builder.Append(Op.Add, ValueType.Pointer, at, _builder.Constant(ValueType.I64, offset));
                offset = 0;
            }

            var type = bytes == 8 ? ValueType.I64 : AnyType();
            if (_random.Next(2) == 0)
            {
                _builder.Store(at, offset, bytes, Any(type));
            }
            else
            {
                Assign(_builder.Load(type, at, offset, bytes));
            }
        }

        private void StructAccess()
        {
            var at = _builder.StackAddress(_structs[_random.Next(_structs.Count)]);
            var (offset, size) = s_fields[_random.Next(s_fields.Length)];
            var type = size == 8 ? ValueType.I64 : AnyType();
            if (_random.Next(2) == 0)
            {
                _builder.Store(at, offset, size, Any(type));
            }
            else
            {
                Assign(_builder.Load(type, at, offset, size));
            }
        }

        private void StructCopy()
        {
            var (first, second) = (_builder.StackAddress(_structs[0]), _builder.StackAddress(_structs[1]));
            var map = _builder.MapValue(module._output, 48);
            switch (_random.Next(5))
            {
                case 0:
                    _builder.CopyMemory(first, 0, second, 0, StructBytes);
                    break;
                case 1:
                    _builder.CopyMemory(second, 8, first, 8, 8);
                    break;
                case 2:
                    _builder.CopyMemory(map, 0, first, 0, StructBytes);
                    break;
                case 3:
                    _builder.CopyMemory(second, 0, map, 0, StructBytes);
                    break;
                default:
                    _builder.ZeroMemory(first, 8 * _random.Next(2), 8);
                    break;
            }
        }

        /// <summary>A pointer that is one of two slots, kept in memory for a while, and aliased accesses through it.</summary>
        private void PointerChoice(int depth)
        {
            var (left, right) = (_builder.StackAddress(Slot()), _builder.StackAddress(Slot()));
            var (other, join) = (new Block(), new Block());
            Assign(_builder.Load(ValueType.I64, left, 0, 8));
            _builder.Branch((Comparison)_random.Next(10), Any(ValueType.I64), Any(ValueType.I64), other, join);
            var before = _builder.Current;
            Enter(other);
            _builder.Jump(join);
            Enter(join);
            var pointer = before == join.Predecessors[0]
                ? _builder.Append(Op.Phi, ValueType.Pointer, left, right)
                : _builder.Append(Op.Phi, ValueType.Pointer, right, left);
            if (_random.Next(2) == 0)
            {
                var kept = _builder.NewSlot("kept", 8, 8);
                _builder.Store(_builder.StackAddress(kept), 0, 8, pointer);
                Statements(depth + 2);
                pointer = _builder.Load(ValueType.Pointer, _builder.StackAddress(kept), 0, 8);
            }

            _builder.Store(pointer, 0, 8, Any(ValueType.I64));
            Assign(_builder.Load(ValueType.I64, right, 0, 8));
            _builder.Store(left, 0, 4, Any(ValueType.I32));
            Assign(_builder.Load(ValueType.I64, pointer, 0, 8));
        }

        private void CopyOrZero()
        {
            var (to, from) = (Slot(), Slot());
            if (_random.Next(2) == 0 || to == from)
            {
                var bytes = 1 + _random.Next(to.Size);
                _builder.ZeroMemory(_builder.StackAddress(to), _random.Next(to.Size - bytes + 1), bytes);
            }
            else
            {
                var bytes = 1 + _random.Next(Math.Min(to.Size, from.Size));
                _builder.CopyMemory(_builder.StackAddress(to), _random.Next(to.Size - bytes + 1),
                    _builder.StackAddress(from), _random.Next(from.Size - bytes + 1), bytes);
            }
        }

        private void MapAccess()
        {
            var bytes = 1 << _random.Next(4);
            var type = bytes == 8 ? ValueType.I64 : AnyType();
            var address = _builder.MapValue(module._output);
            if (_random.Next(2) == 0)
            {
                var index = _builder.Append(Op.And, ValueType.I64, Any(ValueType.I64), _builder.Constant(ValueType.I64, 15));
                address = _builder.Append(Op.Add, ValueType.Pointer, address, index);
            }

            var offset = 48 + _random.Next(32);
            if (_random.Next(2) == 0)
            {
                _builder.Store(address, offset, bytes, Any(type));
            }
            else
            {
                Assign(_builder.Load(type, address, offset, bytes));
            }
        }

        private void Lookup(int depth)
        {
            var key = _builder.NewSlot("key", 4, 4);
            _builder.Store(_builder.StackAddress(key), 0, 4, _random.Next(2) == 0
                ? _builder.Constant(ValueType.I32, _random.Next(TableEntries + 1))
                : _builder.Append(Op.And, ValueType.I32, Any(ValueType.I32), _builder.Constant(ValueType.I32, 7)));
            var found = _builder.CallHelper(1, ValueType.Pointer, _builder.Map(module._table), _builder.StackAddress(key));
            Branch(Comparison.NotEqual, found, _builder.Constant(ValueType.Pointer, 0), depth, () =>
            {
                var offset = 8 * _random.Next(TableValueBytes / 8);
                Assign(_builder.Load(ValueType.I64, found, offset, 8));
                if (_random.Next(2) == 0)
                {
                    Statements(depth + 2);
                }

                _builder.Store(found, 4 * _random.Next(TableValueBytes / 4), 4, Any(ValueType.I32));
                Assign(_builder.Load(ValueType.I64, found, offset, 8));
            });
        }

        private void CallSubprogram()
        {
            if (module._callable.Count == 0)
            {
                Assign(Expression());
                return;
            }

            var callee = module._callable[_random.Next(module._callable.Count)];
            if (callee.Parameters.Count == 3)
            {
                Assign(_builder.CallFunction(callee, Any(ValueType.I64), Any(ValueType.I32), _builder.StackAddress(Slot())));
            }
            else
            {
                Assign(_builder.CallFunction(callee, Any(ValueType.I64), Any(ValueType.I32)));
            }
        }

        private void PacketAccess(int depth)
        {
            var data = _builder.Load(ValueType.Pointer, _context!, 76, 4);
            data.IsContextPointer = data.IsContextAccess = true;
            var end = _builder.Load(ValueType.Pointer, _context!, 80, 4);
            end.IsContextPointer = end.IsContextAccess = true;
            if (_random.Next(2) == 0)
            {
                var index = _builder.Append(Op.And, ValueType.I64, Any(ValueType.I64), _builder.Constant(ValueType.I64, 63));
                data = _builder.Append(Op.Add, ValueType.Pointer, data, index);
            }

            var length = 2 + _random.Next(40);
            var limit = _builder.Append(Op.Add, ValueType.Pointer, data, _builder.Constant(ValueType.I64, length));
            Branch(Comparison.LessOrEqualUnsigned, limit, end, depth, () =>
            {
                Assign(_builder.Load(ValueType.I32, data, length - 1, 1));
                var field = _builder.Load(ValueType.I32, data, _random.Next(length - 1), 2);
                Assign(_builder.Convert(Op.ZeroExtend, ValueType.I32, 2, _builder.Convert(Op.SwapBytes, ValueType.I32, 2, field)));
            });
        }

        private void AtomicAccess()
        {
            var bytes = _random.Next(2) == 0 ? 4 : 8;
            var type = bytes == 4 ? ValueType.I32 : ValueType.I64;
            var address = _builder.MapValue(module._output, 112);
            var op = (Op)((int)Op.AtomicAdd + _random.Next(6));
            var wanted = op == Op.AtomicCompareExchange || _random.Next(2) == 0;
            var value = op == Op.AtomicCompareExchange
                ? _builder.Append(op, type, address, Any(type), Any(type))
                : _builder.Append(op, wanted ? type : ValueType.Void, address, Any(type));
            value.Size = bytes;
            if (wanted)
            {
                Assign(value);
            }
        }

        private void CallLoop()
        {
            var state = _builder.NewSlot("state", 16, 8);
            var at = _builder.StackAddress(state);
            _builder.Store(at, 0, 8, Any(ValueType.I64));
            _builder.Store(at, 8, 4, Any(ValueType.I32));
            _builder.Store(at, 12, 4, _builder.Constant(ValueType.I32, 0));
            // Not zero times: the kernel then drops the call-back's code, but not its address, and stumbles ("No program to jit").
            var done = _builder.CallHelper(181, ValueType.I64, _builder.Constant(ValueType.I32, 1 + _random.Next(5)),
                _builder.FunctionAddress(module._callback!), at, _builder.Constant(ValueType.I64, 0));
            Assign(done);
            Assign(_builder.Load(ValueType.I64, at, 0, 8));
            Assign(_builder.Load(ValueType.I32, at, 8, 4));
        }
    }
}
