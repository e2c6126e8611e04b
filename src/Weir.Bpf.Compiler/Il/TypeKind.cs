using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>How values of a C# type are held.</summary>
/// <param name="Type">The intermediate form's type; a struct's is that of its address.</param>
/// <param name="Size">In bytes.</param>
/// <param name="IsSigned">Small ones are sign-extended when loaded.</param>
/// <param name="IsStruct">Held in memory.</param>
internal readonly record struct TypeKind(ValueType Type, int Size, bool IsSigned, bool IsStruct)
{
    public bool IsVoid => Type == ValueType.Void;
}
