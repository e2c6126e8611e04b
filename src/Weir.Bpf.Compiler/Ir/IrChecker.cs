using System.Globalization;
using System.Runtime.CompilerServices;

namespace Weir.Bpf.Compiler.Ir;

/// <summary>
/// Checks that a function is well formed: edges agree both ways, phis agree with edges, every use is dominated by its definition, types and sizes
/// fit. A pass that breaks one of these is named at once, not by the verifier's refusal of something far away.
/// </summary>
public static class IrChecker
{
    /// <summary>Throws <see cref="InvalidOperationException"/> with every fault and the function's text if there is one.</summary>
    /// <param name="function">The function.</param>
    /// <param name="after">What ran before, for the message.</param>
    public static void Verify(Function function, string after)
    {
        var faults = Check(function);
        if (faults.Count > 0)
        {
            throw new InvalidOperationException(
                $"{function.Name} is malformed after {after}:\n{string.Join('\n', faults)}\n{IrPrinter.Print(function)}");
        }
    }

    /// <summary>Throws if a function of the module is malformed.</summary>
    public static void Verify(Module module, string after)
    {
        foreach (var function in module.Functions)
        {
            Verify(function, after);
        }
    }

    /// <summary>Every fault of the function, each as one line.</summary>
    public static IReadOnlyList<string> Check(Function function) => new Checker(function).Run();

    private sealed class Checker(Function function)
    {
        private readonly List<string> _faults = [];
        private readonly Dictionary<Value, (Block Block, int Index)> _places = [];
        private readonly HashSet<Block> _blocks = [];
        private readonly HashSet<StackSlot> _slots = new(function.StackSlots, ReferenceEqualityComparer.Instance);

        public List<string> Run()
        {
            if (function.Blocks.Count == 0)
            {
                return ["no blocks"];
            }

            foreach (var block in function.Blocks)
            {
                Require(_blocks.Add(block), "a block is listed twice");
                for (var i = 0; i < block.Values.Count; i++)
                {
                    Require(_places.TryAdd(block.Values[i], (block, i)), $"{At(block.Values[i])} is in two places");
                    Require(block.Values[i].Block == block, $"{At(block.Values[i])} does not know its block");
                }
            }

            Require(function.Blocks[0].Predecessors.Count == 0, "the entry has predecessors");
            foreach (var block in function.Blocks)
            {
                CheckEdges(block);
            }

            if (_faults.Count > 0)
            {
                return _faults;
            }

            var dominators = new Dominators(function);
            foreach (var block in function.Blocks)
            {
                var phisEnded = false;
                foreach (var value in block.Values)
                {
                    phisEnded |= value.Op != Op.Phi;
                    Require(value.Op != Op.Phi || !phisEnded, $"{At(value)}: a phi after other values");
                    if (CheckOperandsExist(value))
                    {
                        if (dominators.IsReachable(block))
                        {
                            CheckDominance(value, dominators);
                        }

                        CheckTypes(value);
                    }
                }
            }

            return _faults;
        }

        private void CheckEdges(Block block)
        {
            if (block.Terminator is not { } terminator)
            {
                _faults.Add($"b{Number(block)} does not end in a terminator");
                return;
            }

            Require(block.Values.Count(v => v.IsTerminator) == 1, $"b{Number(block)} has a terminator in its middle");
            var expected = terminator.Op switch { Op.Jump => 1, Op.Branch => 2, _ => 0 };
            Require(block.Successors.Count == expected, $"b{Number(block)}: {terminator.Op} with {block.Successors.Count} successors");
            foreach (var successor in block.Successors.Distinct())
            {
                Require(_blocks.Contains(successor), $"b{Number(block)} leads to a block that is not in the function");
                Require(block.Successors.Count(s => s == successor) == successor.Predecessors.Count(p => p == block),
                    $"b{Number(block)} and b{Number(successor)} disagree on their edges");
            }

            foreach (var predecessor in block.Predecessors)
            {
                Require(_blocks.Contains(predecessor), $"b{Number(block)} has a predecessor that is not in the function");
                Require(predecessor.Successors.Contains(block), $"b{Number(block)} names b{Number(predecessor)} as predecessor, which does not lead there");
            }

            foreach (var value in block.Values.Where(v => v.Op == Op.Phi))
            {
                Require(value.Operands.Count == block.Predecessors.Count,
                    $"{At(value)}: {value.Operands.Count} operands for {block.Predecessors.Count} predecessors");
            }
        }

        private bool CheckOperandsExist(Value value)
        {
            var good = true;
            foreach (var operand in value.Operands)
            {
                if (!_places.ContainsKey(operand))
                {
                    _faults.Add($"{At(value)} uses a {operand.Op} that is not in the function");
                    good = false;
                }
                else if (operand.Type == ValueType.Void)
                {
                    _faults.Add($"{At(value)} uses {At(operand)}, which has no value");
                    good = false;
                }
            }

            return good;
        }

        private void CheckDominance(Value value, Dominators dominators)
        {
            for (var i = 0; i < value.Operands.Count; i++)
            {
                var (definition, index) = _places[value.Operands[i]];
                if (value.Op == Op.Phi)
                {
                    var predecessor = value.Block!.Predecessors[i];
                    Require(!dominators.IsReachable(predecessor)
                        || (dominators.IsReachable(definition) && dominators.Dominates(definition, predecessor)),
                        $"{At(value)}: operand {i} ({At(value.Operands[i])}) is not defined on its edge");
                }
                else if (definition == value.Block)
                {
                    Require(index < _places[value].Index, $"{At(value)} uses {At(value.Operands[i])} before it is defined");
                }
                else
                {
                    Require(dominators.IsReachable(definition) && dominators.Dominates(definition, value.Block!),
                        $"{At(value)} uses {At(value.Operands[i])}, whose definition does not dominate it");
                }
            }
        }

        private void CheckTypes(Value value)
        {
            var types = value.Operands.Select(o => o.Type).ToArray();
            switch (value.Op)
            {
                case Op.Constant:
                    Expect(value, 0);
                    Require(value.Type != ValueType.I32 || value.Immediate == (int)value.Immediate, $"{At(value)}: not sign-extended from 32 bits");
                    break;
                case Op.Parameter:
                    Expect(value, 0);
                    Require(value.Immediate >= 0 && value.Immediate < function.Parameters.Count, $"{At(value)}: no such parameter");
                    Require(value.Immediate < 0 || value.Immediate >= function.Parameters.Count || function.Parameters[(int)value.Immediate].Type == value.Type,
                        $"{At(value)}: not the parameter's type");
                    break;
                case Op.StackAddress:
                    Expect(value, 0, ValueType.Pointer);
                    Require(value.Symbol is StackSlot slot && _slots.Contains(slot), $"{At(value)}: no slot of this function");
                    break;
                case Op.MapReference or Op.MapValueAddress:
                    Expect(value, 0, ValueType.Pointer);
                    Require(value.Symbol is MapSymbol, $"{At(value)}: no map");
                    break;
                case Op.FunctionAddress:
                    Expect(value, 0, ValueType.Pointer);
                    Require(value.Symbol is Function, $"{At(value)}: no function");
                    break;
                case Op.Phi:
                    Require(value.Type != ValueType.Void, $"{At(value)}: void");
                    Require(types.All(t => t == value.Type), $"{At(value)}: operands of other types");
                    break;
                case Op.Add or Op.Subtract:
                    Expect(value, 2);
                    Require(types.Length != 2 || (value.Type == ValueType.I32
                        ? types[0] == ValueType.I32 && types[1] == ValueType.I32
                        : types[0] != ValueType.I32 && types[1] != ValueType.I32), $"{At(value)}: operands of other types");
                    Require(value.Type != ValueType.Pointer || types.Contains(ValueType.Pointer), $"{At(value)}: a pointer from no pointer");
                    break;
                case Op.Multiply or Op.DivideUnsigned or Op.DivideSigned or Op.RemainderUnsigned or Op.RemainderSigned or Op.And or Op.Or or Op.Xor:
                    Expect(value, 2);
                    Integer(value);
                    Require(types.All(t => t == value.Type), $"{At(value)}: operands of other types");
                    break;
                case Op.ShiftLeft or Op.ShiftRightUnsigned or Op.ShiftRightSigned:
                    Expect(value, 2);
                    Integer(value);
                    Require(types[0] == value.Type && types[1] is ValueType.I32 or ValueType.I64, $"{At(value)}: operands of other types");
                    break;
                case Op.Negate:
                    Expect(value, 1);
                    Integer(value);
                    Require(types.All(t => t == value.Type), $"{At(value)}: operands of other types");
                    break;
                case Op.ZeroExtend or Op.SignExtend:
                    Expect(value, 1);
                    Integer(value);
                    Require(value.Size is 1 or 2 or 4, $"{At(value)}: size {value.Size}");
                    Require(types.All(t => t is ValueType.I32 or ValueType.I64), $"{At(value)}: operand is no integer");
                    break;
                case Op.Truncate:
                    Expect(value, 1, ValueType.I32);
                    Require(types.All(t => t == ValueType.I64), $"{At(value)}: operand is no I64");
                    break;
                case Op.SwapBytes:
                    Expect(value, 1);
                    Integer(value);
                    Require(value.Size is 2 or 4 || (value.Size == 8 && value.Type == ValueType.I64), $"{At(value)}: size {value.Size}");
                    Require(types.All(t => t == ValueType.I64 || (t == ValueType.I32 && value.Size <= 4)), $"{At(value)}: operand is too small");
                    break;
                case Op.Compare:
                    Expect(value, 2, ValueType.I32);
                    SameWidth(value);
                    break;
                case Op.Load:
                    Expect(value, 1);
                    Address(value, 0);
                    Require(value.Size is 1 or 2 or 4 or 8, $"{At(value)}: size {value.Size}");
                    Require(value.Type != ValueType.I32 || value.Size <= 4, $"{At(value)}: too large for I32");
                    Require(value.Type != ValueType.Pointer || value.Size == 8 || value.IsContextPointer, $"{At(value)}: a pointer of {value.Size} bytes");
                    break;
                case Op.Store:
                    Expect(value, 2, ValueType.Void);
                    Address(value, 0);
                    Require(value.Size is 1 or 2 or 4 or 8, $"{At(value)}: size {value.Size}");
                    Require(types.Length != 2 || types[1] switch { ValueType.I32 => value.Size <= 4, ValueType.Pointer => value.Size == 8, _ => true },
                        $"{At(value)}: size {value.Size} of {types[^1]}");
                    break;
                case Op.ZeroMemory:
                    Expect(value, 1, ValueType.Void);
                    Address(value, 0);
                    Require(value.Size > 0, $"{At(value)}: size {value.Size}");
                    break;
                case Op.CopyMemory:
                    Expect(value, 2, ValueType.Void);
                    Address(value, 0);
                    Address(value, 1);
                    Require(value.Size > 0, $"{At(value)}: size {value.Size}");
                    break;
                case Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr or Op.AtomicXor or Op.AtomicExchange or Op.AtomicCompareExchange:
                    Expect(value, value.Op == Op.AtomicCompareExchange ? 3 : 2);
                    Address(value, 0);
                    Require(value.Size is 4 or 8, $"{At(value)}: size {value.Size}");
                    var type = value.Size == 4 ? ValueType.I32 : ValueType.I64;
                    Require(types.Skip(1).All(t => t == type) && (value.Type == ValueType.Void || value.Type == type), $"{At(value)}: not of its size");
                    break;
                case Op.CallHelper or Op.CallKfunc:
                    Require(types.Length <= 5, $"{At(value)}: {types.Length} arguments");
                    Require(value.Op != Op.CallKfunc || value.Symbol is string, $"{At(value)}: no name");
                    break;
                case Op.CallFunction:
                    if (value.Symbol is Function callee)
                    {
                        Require(types.SequenceEqual(callee.Parameters.Select(p => p.Type)), $"{At(value)}: arguments do not fit the parameters");
                        Require(types.Length <= 5, $"{At(value)}: {types.Length} arguments");
                        Require(value.Type == ValueType.Void || value.Type == callee.ReturnType, $"{At(value)}: not the function's type");
                    }
                    else
                    {
                        _faults.Add($"{At(value)}: no function");
                    }

                    break;
                case Op.Jump:
                    Expect(value, 0, ValueType.Void);
                    break;
                case Op.Branch:
                    Expect(value, 2, ValueType.Void);
                    SameWidth(value);
                    break;
                case Op.Return:
                    Expect(value, function.ReturnType == ValueType.Void ? 0 : 1, ValueType.Void);
                    Require(types.All(t => t == function.ReturnType), $"{At(value)}: not the function's type");
                    break;
                default:
                    _faults.Add($"{At(value)}: unknown operation");
                    break;
            }
        }

        private void Expect(Value value, int operands, ValueType? type = null)
        {
            Require(value.Operands.Count == operands, $"{At(value)}: {value.Operands.Count} operands");
            Require(type is null || value.Type == type, $"{At(value)}: type {value.Type}");
        }

        private void Integer(Value value) => Require(value.Type is ValueType.I32 or ValueType.I64, $"{At(value)}: type {value.Type}");

        private void SameWidth(Value value) => Require(
            value.Operands.Count != 2 || (value.Operands[0].Type == ValueType.I32) == (value.Operands[1].Type == ValueType.I32),
            $"{At(value)}: operands of two widths");

        private void Address(Value value, int operand) => Require(
            value.Operands.Count <= operand || value.Operands[operand].Type == ValueType.Pointer, $"{At(value)}: the address is no pointer");

        private void Require(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref FaultText fault)
        {
            if (!condition)
            {
                _faults.Add(fault.ToString());
            }
        }

        private void Require(bool condition, string fault)
        {
            if (!condition)
            {
                _faults.Add(fault);
            }
        }

        private int Number(Block block) => function.Blocks.IndexOf(block);

        private string At(Value value) => _places.TryGetValue(value, out var place)
            ? $"b{Number(place.Block)}[{place.Index}] {value.Op}"
            : $"{value.Op}";
    }

    /// <summary>Text that is only put together where the condition does not hold.</summary>
    [InterpolatedStringHandler]
    private ref struct FaultText
    {
        private DefaultInterpolatedStringHandler _text;

        public FaultText(int literalLength, int formattedCount, bool condition, out bool isWanted)
        {
            isWanted = !condition;
            _text = isWanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture) : default;
        }

        public void AppendLiteral(string text) => _text.AppendLiteral(text);

        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

        public override string ToString() => _text.ToStringAndClear();
    }
}
