namespace Weir.Bpf.Compiler.Ir;

/// <summary>A function: an entry point, a sub-program or a call-back. Its first block is the entry and has no predecessors.</summary>
public sealed class Function(string name)
{
    public string Name { get; } = name;

    public FunctionKind Kind { get; set; }

    /// <summary>The section of an entry point (<c>tc/ingress</c>).</summary>
    public string? Section { get; set; }

    public List<Parameter> Parameters { get; } = [];

    /// <summary>Void, or what it returns in r0. A call of a global function or a call-back returns a scalar.</summary>
    public ValueType ReturnType { get; set; }

    /// <summary>The C# type returned, for BTF (a scalar's name such as <c>int</c>, or null for void).</summary>
    public TypeDescription? ReturnDescription { get; set; }

    public List<Block> Blocks { get; } = [];

    public List<StackSlot> StackSlots { get; } = [];

    /// <summary>Where the method begins.</summary>
    public SourceLocation? Location { get; set; }
}

/// <summary>What a function is for the kernel.</summary>
public enum FunctionKind
{
    /// <summary>An entry point.</summary>
    Program,
    /// <summary>A static sub-program or call-back: verified with its callers.</summary>
    Static,
    /// <summary>A global sub-program: verified once by its BTF types.</summary>
    Global,
}

/// <summary>A parameter: name, type of the value, and the described C# type for BTF.</summary>
public sealed record Parameter(string Name, ValueType Type, TypeDescription Description);

/// <summary>Bytes on the stack that have an address.</summary>
public sealed class StackSlot(string name, int size, int alignment)
{
    public string Name { get; } = name;

    public int Size { get; } = size;

    public int Alignment { get; } = alignment;
}
