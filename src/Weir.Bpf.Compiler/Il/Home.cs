using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Where a local or an argument lives: exactly one of the three.</summary>
/// <param name="Type">Its closed type.</param>
/// <param name="Kind">How values of the type are held.</param>
internal sealed record Home(TypeReference Type, TypeKind Kind)
{
    /// <summary>An argument that is never written: the value passed.</summary>
    public Item? Bound { get; init; }

    /// <summary>A scalar whose address is not taken.</summary>
    public Variable? Variable { get; init; }

    /// <summary>A struct, or a scalar whose address is taken.</summary>
    public StackSlot? Slot { get; init; }
}
