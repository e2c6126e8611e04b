namespace Weir.Bpf.Compiler.Ir;

/// <summary>An instruction of the intermediate form and the value that it makes (SSA: made once, at this place).</summary>
public sealed class Value(Op op, ValueType type)
{
    public Op Op { get; set; } = op;

    public ValueType Type { get; set; } = type;

    public List<Value> Operands { get; } = [];

    /// <summary>Constant, offset or number, as <see cref="Ir.Op"/> says.</summary>
    public long Immediate { get; set; }

    /// <summary>The source's offset of <see cref="Op.CopyMemory"/>.</summary>
    public long Immediate2 { get; set; }

    /// <summary>Width in bytes, as <see cref="Ir.Op"/> says.</summary>
    public int Size { get; set; }

    public Comparison Comparison { get; set; }

    /// <summary>What a leaf or call refers to.</summary>
    public object? Symbol { get; set; }

    /// <summary>A load of 4 bytes from a context that the kernel turns into a pointer (packet data and its end).</summary>
    public bool IsContextPointer { get; set; }

    /// <summary>An access of a context field: its offset must stay a constant displacement from the context pointer itself (the verifier refuses modified context pointers), and it is not combined with neighbours.</summary>
    public bool IsContextAccess { get; set; }

    /// <summary>A volatile access: neither removed, repeated, merged nor moved over another.</summary>
    public bool IsVolatile { get; set; }

    /// <summary>Where in the source it comes from.</summary>
    public SourceLocation? Location { get; set; }

    /// <summary>Its place.</summary>
    public Block? Block { get; set; }

    public bool IsTerminator => Op is Op.Jump or Op.Branch or Op.Return;
}

/// <summary>A place in the C# source: file as in the PDB's document (relative to the project where it can be), line and column from 1.</summary>
public sealed record SourceLocation(string File, int Line, int Column);
