using Weir.Bpf.Btf;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>Writes described C# types as BTF, each once.</summary>
internal sealed class BtfTypes(BtfBuilder builder)
{
    private readonly Dictionary<string, (int Id, int Size)> _structs = [];

    public BtfBuilder Builder { get; } = builder;

    /// <summary>The id; 0 (void) for null.</summary>
    public int IdOf(TypeDescription? type) => type switch
    {
        null => 0,
        IntegerDescription integer => Builder.AddInteger(CName(integer), integer.Size, integer.IsSigned),
        PointerDescription pointer => Builder.AddPointer(IdOf(pointer.Target)),
        ArrayDescription array => Builder.AddArray(IdOf(array.Element), array.Count),
        StructDescription structure => StructOf(structure),
        _ => throw new InvalidOperationException($"{type.Name} has no BTF"),
    };

    public int FunctionOf(Function function)
    {
        var parameters = function.Parameters.Select(p => new BtfParameter(p.Name, IdOf(p.Description))).ToArray();
        // The kernel wants an integer from entry points and global functions, also where C# returns nothing (r0 is then 0).
        var result = function.ReturnDescription is null && function.Kind != FunctionKind.Static
            ? Builder.AddInteger("int", 4, true)
            : IdOf(function.ReturnDescription);
        return Builder.AddFunction(function.Name, Builder.AddPrototype(result, parameters),
            function.Kind == FunctionKind.Static ? FunctionLinkage.Static : FunctionLinkage.Global);
    }

    private static string CName(IntegerDescription integer) => integer.Name.Length > 0 ? integer.Name : (integer.Size, integer.IsSigned) switch
    {
        (1, true) => "signed char",
        (1, false) => "unsigned char",
        (2, true) => "short",
        (2, false) => "unsigned short",
        (4, true) => "int",
        (4, false) => "unsigned int",
        (_, true) => "long",
        _ => "unsigned long",
    };

    private int StructOf(StructDescription structure)
    {
        // By name: a struct may point to itself, and equal descriptions may be several objects.
        if (_structs.TryGetValue(structure.Name, out var known))
        {
            return known.Size == structure.Size
                ? known.Id
                : throw new InvalidOperationException($"two structs are named {structure.Name}, of {known.Size} and {structure.Size} bytes");
        }

        // Also one without members is no forward declaration: the kernel recognises contexts only by a struct's name.
        var id = Builder.DeclareStruct(structure.Name, structure.Size);
        _structs.Add(structure.Name, (id, structure.Size));
        Builder.DefineStruct(id, [.. structure.Fields.Select(f => new BtfMember(f.Name, IdOf(f.Type), f.Offset))]);
        return id;
    }
}
