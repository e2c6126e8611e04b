using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Methods of the runtime's library and of Weir.Bpf whose meaning the compiler knows.</summary>
internal sealed partial class MethodDecoder
{
    /// <summary>BPF_MAP_TYPE_ARRAY.</summary>
    private const int ArrayType = 2;

    private bool TryIntrinsic(MethodReference method)
    {
        switch (method.DeclaringType.GetElementType().FullName)
        {
            case "System.Buffers.Binary.BinaryPrimitives" when method.Name == "ReverseEndianness" && method.Parameters.Count == 1:
                ReverseEndianness(Types.Classify(method.ReturnType));
                return true;
            case "System.Threading.Interlocked":
                return TryAtomic(method);
            case "System.Threading.Volatile" when method.Name is "Read" or "Write":
                VolatileAccess(method);
                return true;
            case "System.Math" when method.Name is "Min" or "Max":
                MinimumOrMaximum(method);
                return true;
            case "System.Runtime.CompilerServices.Unsafe":
                return TryUnsafe(method);
            case "Weir.Bpf.Programs.Constants`1" when method.Name == "get_Value":
                Push(Ir.MapValue(PopMap("constants")));
                return true;
            case "Weir.Bpf.Programs.ConstantTable`1" when method.Name == "At":
                TableElement(((GenericInstanceType)_method.Generics.Close(method.DeclaringType)).GenericArguments[0]);
                return true;
            case "Weir.Bpf.Programs.ArrayMap`1" when method.Name == "At":
                return TryOnlyElement();
            default:
                return false;
        }
    }

    /// <summary>The element of an array that has no other is at a known address: nothing is looked up, and it is never null.</summary>
    private bool TryOnlyElement()
    {
        if (_stack is not [.., { Value: { Op: Op.MapReference, Symbol: MapSymbol { Type: ArrayType, MaxEntries: 1 } map } }, { Value: { Op: Op.Constant, Immediate: 0 } }])
        {
            return false;
        }

        PopArguments(2);
        Push(Ir.MapValue(map));
        return true;
    }

    private MapSymbol PopMap(string what) => PopValue() is { Op: Op.MapReference, Symbol: MapSymbol map }
        ? map
        : throw new Refusal($"the {what} are not named directly by their static field");

    private void ReverseEndianness(TypeKind kind)
    {
        var value = PopValue();
        if (kind.Size == 1)
        {
            Push(value);
            return;
        }

        var swapped = Emit(Op.SwapBytes, kind.Type, value, null, kind.Size);
        Push(kind is { Size: 2, IsSigned: true } ? Extend(swapped, 2, isSigned: true) : swapped);
    }

    private bool TryAtomic(MethodReference method)
    {
        if (method is GenericInstanceMethod || method.Parameters.Count == 0 || method.Parameters[0].ParameterType is not ByReferenceType { ElementType: var element }
            || Types.Classify(element) is not { Type: ValueType.I32 or ValueType.I64, Size: 4 or 8 } kind)
        {
            return false;
        }

        Op op;
        switch (method.Name)
        {
            case "Add" or "Increment" or "Decrement":
                op = Op.AtomicAdd;
                break;
            case "And":
                op = Op.AtomicAnd;
                break;
            case "Or":
                op = Op.AtomicOr;
                break;
            case "Exchange":
                op = Op.AtomicExchange;
                break;
            case "CompareExchange":
                op = Op.AtomicCompareExchange;
                break;
            default:
                return false;
        }

        var arguments = PopArguments(method.Parameters.Count);
        Settle();
        var operands = new List<Value> { Pointer(arguments[0]) };
        switch (method.Name)
        {
            case "Increment" or "Decrement":
                operands.Add(Ir.Constant(kind.Type, method.Name == "Increment" ? 1 : -1));
                break;
            case "CompareExchange":
                // C# has (location, value, comparand).
                operands.Add(Fit(arguments[2], kind));
                operands.Add(Fit(arguments[1], kind));
                break;
            default:
                operands.Add(Fit(arguments[1], kind));
                break;
        }

        var (pointer, offset) = Split(operands[0], 0);
        operands[0] = pointer;
        var isDropped = IsResultDropped() && op is Op.AtomicAdd or Op.AtomicAnd or Op.AtomicOr;
        var value = Ir.Append(op, isDropped ? ValueType.Void : kind.Type, [.. operands]);
        value.Immediate = offset;
        value.Size = kind.Size;
        if (isDropped)
        {
            // The instruction that drops the result is passed over.
            _index++;
            return true;
        }

        // Interlocked.Add, Increment and Decrement give the new value, the others the old one.
        Push(op == Op.AtomicAdd ? Ir.Append(Op.Add, kind.Type, value, operands[1]) : value);
        return true;
    }

    private void VolatileAccess(MethodReference method)
    {
        if (method is GenericInstanceMethod || method.Parameters[0].ParameterType is not ByReferenceType { ElementType: var element })
        {
            throw new Refusal("volatile access to other types than integers");
        }

        if (method.Name == "Read")
        {
            var address = Pop();
            _isVolatile = true;
            Push(Load(element, address, 0));
        }
        else
        {
            var stored = Pop();
            var address = Pop();
            _isVolatile = true;
            Store(element, address, 0, stored);
        }
    }

    private void MinimumOrMaximum(MethodReference method)
    {
        if (Types.Classify(method.ReturnType) is not { Type: ValueType.I32 or ValueType.I64 } kind)
        {
            throw new Refusal("Math.Min and Math.Max take integers only");
        }

        var right = Fit(Pop(), kind);
        var left = Fit(Pop(), kind);
        Settle();
        var comparison = (method.Name == "Min", kind.IsSigned) switch
        {
            (true, true) => Comparison.LessOrEqualSigned,
            (true, false) => Comparison.LessOrEqualUnsigned,
            (false, true) => Comparison.GreaterOrEqualSigned,
            _ => Comparison.GreaterOrEqualUnsigned,
        };
        Push(Select(comparison, left, right));
    }

    private bool TryUnsafe(MethodReference method)
    {
        switch (method.Name)
        {
            case "AsPointer" or "AsRef" or "As" when method.Parameters is [{ ParameterType: ByReferenceType or PointerType }]:
                Push(new Item(Pointer(Pop())));
                return true;
            case "SkipInit":
                Pop();
                return true;
            case "SizeOf" when method is GenericInstanceMethod instance:
                Push(Ir.Constant(ValueType.I32, Types.SizeOf(_method.Generics.Close(instance.GenericArguments[0]))));
                return true;
            default:
                return false;
        }
    }

    /// <summary>An element of read-only data, or zero past the end. The value that is compared is the one that is used: so the verifier sees the bound.</summary>
    private void TableElement(TypeReference type)
    {
        var kind = Types.Classify(type);
        var index = Widen(PopValue(), isSigned: false);
        var map = PopMap("table");
        Settle();
        if (index.Op == Op.Constant)
        {
            Push(index.Immediate < map.ValueSize / kind.Size
                ? Load(kind, new Item(Ir.MapValue(map, index.Immediate * kind.Size)), 0)
                : Ir.Constant(kind.Type, 0));
            return;
        }

        var variable = new Variable("element", kind.Type);
        var (inside, join) = (new Block(), new Block());
        Ssa.Write(variable, Ir.Current, Ir.Constant(kind.Type, 0));
        Ir.Branch(Comparison.LessUnsigned, index, Ir.Constant(ValueType.I64, map.ValueSize / kind.Size), inside, join);
        Open(inside);
        var offset = Emit(Op.Multiply, ValueType.I64, index, Ir.Constant(ValueType.I64, kind.Size));
        var address = Ir.Append(Op.Add, ValueType.Pointer, Ir.MapValue(map), offset);
        Ssa.Write(variable, Ir.Current, Load(kind, new Item(address), 0));
        Ir.Jump(join);
        Open(join);
        Push(Ssa.Read(variable, join));
    }
}
