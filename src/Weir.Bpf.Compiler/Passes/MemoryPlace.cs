using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>What an address is derived from, for asking whether two accesses can meet.</summary>
internal enum MemoryKind
{
    /// <summary>Anything, a caller's stack included.</summary>
    Unknown,
    Stack,
    Map,
    Packet,
    Context,
}

/// <summary>A place in memory: a base and a constant offset.</summary>
/// <param name="Base">The slot, the data map, or the pointer's value.</param>
/// <param name="Offset">Bytes from the base.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Kind">What the base is.</param>
internal readonly record struct MemoryPlace(object Base, long Offset, int Size, MemoryKind Kind)
{
    /// <summary>The place of an access through an address.</summary>
    public static MemoryPlace Of(Value address, long offset, int size, Function function)
    {
        while (address.Op == Op.Add && address.Operands[1].Op == Op.Constant && address.Operands[0].Type == ValueType.Pointer)
        {
            offset += address.Operands[1].Immediate;
            address = address.Operands[0];
        }

        return address.Op is Op.StackAddress or Op.MapValueAddress
            ? new MemoryPlace(address.Symbol!, address.Immediate + offset, size, KindOf(address, function))
            : new MemoryPlace(address, offset, size, KindOf(address, function));
    }

    /// <summary>Whether the accesses can touch the same byte. A slot that is not captured is met only by its own addresses.</summary>
    public bool Meets(MemoryPlace other, Func<object, bool> isCaptured)
    {
        if (ReferenceEquals(Base, other.Base))
        {
            return Offset < other.Offset + other.Size && other.Offset < Offset + Size;
        }

        if (Base is StackSlot || other.Base is StackSlot)
        {
            if (Base is StackSlot && other.Base is StackSlot)
            {
                return false;
            }

            var (slot, pointer) = Base is StackSlot ? (Base, other) : (other.Base, this);
            return pointer.Kind is MemoryKind.Unknown or MemoryKind.Stack && isCaptured(slot);
        }

        return Kind == other.Kind || Kind == MemoryKind.Unknown || other.Kind == MemoryKind.Unknown;
    }

    public bool Contains(MemoryPlace other) =>
        ReferenceEquals(Base, other.Base) && Offset <= other.Offset && other.Offset + other.Size <= Offset + Size;

    private static MemoryKind KindOf(Value address, Function function)
    {
        while (address.Op is Op.Add or Op.Subtract && address.Operands[0].Type == ValueType.Pointer)
        {
            address = address.Operands[0];
        }

        return address.Op switch
        {
            Op.StackAddress => MemoryKind.Stack,
            Op.MapValueAddress => MemoryKind.Map,
            // bpf_map_lookup_elem; bpf_map_lookup_percpu_elem.
            Op.CallHelper when address.Immediate is 1 or 195 => MemoryKind.Map,
            Op.Load when address.IsContextPointer => MemoryKind.Packet,
            Op.Parameter when function.Kind == FunctionKind.Program => MemoryKind.Context,
            _ => MemoryKind.Unknown,
        };
    }
}
