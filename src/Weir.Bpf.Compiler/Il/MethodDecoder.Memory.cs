using Mono.Cecil;
using Mono.Cecil.Cil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Loads, stores, fields, blocks of memory.</summary>
internal sealed partial class MethodDecoder
{
    private Item Load(TypeReference type, Item address, long offset)
    {
        var kind = Types.Classify(type);
        if (kind.IsStruct)
        {
            return address.IsContext
                ? throw new Refusal("a context is read field by field")
                : new Item(Displace(Pointer(address), offset), type) { IsBorrowed = true };
        }

        return ItemOf(type, Load(kind, address, offset));
    }

    private Value Load(TypeKind kind, Item address, long offset)
    {
        var (pointer, displacement) = Split(Pointer(address), offset);
        var value = Mark(Ir.Load(kind.Type, pointer, displacement, kind.Size), address);
        return kind is { IsSigned: true, Size: < 4 } ? Ir.Convert(Op.SignExtend, ValueType.I32, kind.Size, value) : value;
    }

    private void Store(TypeReference type, Item address, long offset, Item stored)
    {
        var kind = Types.Classify(type);
        Settle();
        if (!kind.IsStruct)
        {
            Store(kind, address, offset, FitType(Scalar(stored), kind.Type));
        }
        else if (address.IsContext)
        {
            throw new Refusal("a context is written field by field");
        }
        else
        {
            CopyStruct(Pointer(address), offset, stored);
        }
    }

    private void Store(TypeKind kind, Item address, long offset, Value stored)
    {
        var (pointer, displacement) = Split(Pointer(address), offset);
        Mark(Ir.Store(pointer, displacement, kind.Size, stored), address);
    }

    private Value Mark(Value access, Item address)
    {
        access.IsContextAccess = address.IsContext;
        access.IsVolatile = _isVolatile;
        _isVolatile = false;
        return access;
    }

    /// <summary>The address without constant displacements, and their sum.</summary>
    private (Value Pointer, long Offset) Split(Value pointer, long offset)
    {
        while (pointer.Op == Op.Add && pointer.Operands[1].Op == Op.Constant && pointer.Operands[0].Type == ValueType.Pointer)
        {
            offset += pointer.Operands[1].Immediate;
            pointer = Ssa.Current(pointer.Operands[0]);
        }

        return (pointer, offset);
    }

    private Value Pointer(Item item) => FitType(Scalar(item), ValueType.Pointer);

    /// <summary>Copies a struct's bytes to an address.</summary>
    private void CopyStruct(Value to, long offset, Item item)
    {
        if (item.Struct is null)
        {
            // Only after an error does a scalar stand in a struct's place.
            return;
        }

        var (target, targetOffset) = Split(to, offset);
        var (source, sourceOffset) = Split(item.Value, 0);
        if (target.Op == Op.StackAddress && source.Op == Op.StackAddress && target.Symbol == source.Symbol
            && target.Immediate + targetOffset == source.Immediate + sourceOffset)
        {
            return;
        }

        Ir.CopyMemory(target, targetOffset, source, sourceOffset, Types.SizeOf(item.Struct));
    }

    private static TypeKind IndirectKind(Code code) => code switch
    {
        Code.Ldind_I1 or Code.Stind_I1 => new(ValueType.I32, 1, true, false),
        Code.Ldind_U1 => new(ValueType.I32, 1, false, false),
        Code.Ldind_I2 or Code.Stind_I2 => new(ValueType.I32, 2, true, false),
        Code.Ldind_U2 => new(ValueType.I32, 2, false, false),
        Code.Ldind_I4 or Code.Stind_I4 => new(ValueType.I32, 4, true, false),
        Code.Ldind_U4 => new(ValueType.I32, 4, false, false),
        Code.Ldind_I8 or Code.Stind_I8 => new(ValueType.I64, 8, true, false),
        // The opcode does not say whether these are pointers or native integers.
        _ => new(ValueType.Pointer, 8, false, false),
    };

    private void LoadIndirect(Code code)
    {
        var address = Pop();
        var kind = IndirectKind(code);
        Push(Load(address.IsToNative && kind.Type == ValueType.Pointer ? kind with { Type = ValueType.I64 } : kind, address, 0));
    }

    private void StoreIndirect(Code code)
    {
        var stored = Pop();
        var address = Pop();
        var kind = IndirectKind(code);
        Settle();
        if (kind.Type == ValueType.Pointer && (address.IsToNative || Scalar(stored).Type == ValueType.I64))
        {
            kind = kind with { Type = ValueType.I64 };
        }

        Store(kind, address, 0, FitType(Scalar(stored), kind.Type));
    }

    private void InitializeObject()
    {
        var type = TypeOperand();
        var kind = Types.Classify(type);
        var address = Pop();
        Settle();
        if (!kind.IsStruct)
        {
            Store(kind, address, 0, Ir.Constant(kind.Type, 0));
            return;
        }

        if (address.IsContext)
        {
            throw new Refusal("a context is written field by field");
        }

        var (pointer, offset) = Split(Pointer(address), 0);
        Ir.ZeroMemory(pointer, offset, kind.Size);
    }

    private void CopyBlock()
    {
        var size = ConstantSize("a copy of memory");
        var from = Pop();
        var to = Pop();
        if (from.IsContext || to.IsContext)
        {
            throw new Refusal("a context is read and written field by field");
        }

        Settle();
        if (size > 0)
        {
            var (target, targetOffset) = Split(Pointer(to), 0);
            var (source, sourceOffset) = Split(Pointer(from), 0);
            Ir.CopyMemory(target, targetOffset, source, sourceOffset, size);
        }
    }

    private void InitializeBlock()
    {
        var size = ConstantSize("an initialisation of memory");
        var filler = PopValue();
        var address = Pop();
        if (filler is not { Op: Op.Constant, Immediate: 0 })
        {
            throw new Refusal("memory is initialised with other bytes than zero");
        }

        Settle();
        if (size > 0)
        {
            var (pointer, offset) = Split(Pointer(address), 0);
            Ir.ZeroMemory(pointer, offset, size);
        }
    }

    private void AllocateOnStack()
    {
        var size = ConstantSize("a stackalloc");
        if (size == 0)
        {
            throw new Refusal("a stackalloc of no bytes");
        }

        if (_flow.IsInLoop)
        {
            throw new Refusal("a stackalloc in a loop is not supported: each round would need new bytes");
        }

        var slot = _function.NewSlot("stackalloc", size, 8);
        if (_method.Definition.Body.InitLocals)
        {
            Ir.ZeroMemory(Ir.StackAddress(slot), 0, size);
        }

        Push(Ir.StackAddress(slot));
    }

    private int ConstantSize(string what)
    {
        var size = PopValue();
        return size.Op == Op.Constant && size.Immediate is >= 0 and <= int.MaxValue
            ? (int)size.Immediate
            : throw new Refusal($"{what} has a size that is not a constant");
    }

    private FieldPlace FieldOperand()
    {
        var reference = (FieldReference)Instruction.Operand;
        var declaring = _method.Generics.Close(reference.DeclaringType);
        return declaring.Resolve() is { IsValueType: true }
            ? Types.LayoutOf(declaring)[reference.Name]
            : throw new Refusal($"the field {reference.Name} belongs to the class {declaring.Name}: only maps are objects");
    }

    /// <summary>A pointer that was cast to the context's type and is used at once; a copy of a context on the stack is memory like other.</summary>
    private Item OfContext(Item item) =>
        item.Value is { Type: ValueType.Pointer, Op: not Op.StackAddress } && Types.IsContext(_method.Generics.Close(((FieldReference)Instruction.Operand).DeclaringType))
            ? item with { IsContext = true }
            : item;

    private void LoadField()
    {
        var field = FieldOperand();
        var item = Pop();
        // A field of a struct on the stack is read from where the struct is.
        Push(Load(field.Type, OfContext(item with { Struct = null }), field.Offset));
    }

    private void LoadFieldAddress()
    {
        var field = FieldOperand();
        var item = OfContext(Pop());
        Push(new Item(Displace(Pointer(item), field.Offset)) { IsContext = item.IsContext, IsToNative = TypeSystem.IsNative(field.Type) });
    }

    private void StoreField()
    {
        var field = FieldOperand();
        var stored = Pop();
        Store(field.Type, OfContext(Pop()), field.Offset, stored);
    }

    private void LoadStatic()
    {
        var reference = (FieldReference)Instruction.Operand;
        var declaring = _method.Generics.Close(reference.DeclaringType);
        if (IsDelegate(reference.FieldType) || declaring.Name == "<>c")
        {
            // C# keeps lambdas in static fields of a class of its own.
            throw new Refusal(DelegateReason);
        }

        switch (_function.Owner.Statics.ValueOf(reference, declaring))
        {
            case MapSymbol map:
                Push(Ir.Map(map));
                break;
            case long scalar:
                var kind = Types.Classify(GenericContext.Of(declaring).Close(reference.FieldType));
                Push(kind is { IsStruct: false, Type: ValueType.I32 or ValueType.I64 }
                    ? Ir.Constant(kind.Type, scalar)
                    : throw new Refusal($"the static field {reference.Name} is not a scalar"));
                break;
        }
    }
}
