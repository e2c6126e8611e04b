using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>An entry of the evaluation stack.</summary>
/// <param name="Value">The value; for a struct, the address of its bytes.</param>
/// <param name="Struct">The struct's type, or null for scalars and pointers.</param>
internal readonly record struct Item(Value Value, TypeReference? Struct = null)
{
    /// <summary>The struct's bytes are not a copy of their own yet, but the variable that was read: to be copied before anything is written.</summary>
    public bool IsBorrowed { get; init; }

    /// <summary>The address of (a field of) a program's context.</summary>
    public bool IsContext { get; init; }

    /// <summary>The address of a native integer: what is read through it is one, and no pointer.</summary>
    public bool IsToNative { get; init; }
}
