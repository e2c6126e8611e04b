using System.Text;
using Mono.Cecil;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Sizes, layouts and BTF descriptions of C# types. Takes closed types only.</summary>
internal sealed class TypeSystem
{
    private const string Programs = "Weir.Bpf.Programs.";

    private readonly Dictionary<string, StructLayout> _layouts = [];
    private readonly Dictionary<string, TypeDescription> _descriptions = [];
    private readonly HashSet<string> _contexts = [];

    /// <summary>Names a struct as a program's context: its fields are read by offset from the context pointer, which the kernel rewrites.</summary>
    public void AddContext(TypeReference type) => _contexts.Add(type.FullName);

    public bool IsContext(TypeReference type) => _contexts.Contains(type.FullName);

    public bool IsContextPointer(TypeReference type) => type is PointerType or ByReferenceType && IsContext(((TypeSpecification)type).ElementType);

    /// <summary>Whether values of the type are addresses of native integers.</summary>
    public static bool IsNativePointer(TypeReference type) => type is PointerType or ByReferenceType && IsNative(((TypeSpecification)type).ElementType);

    public static bool IsNative(TypeReference type) => type.MetadataType is MetadataType.IntPtr or MetadataType.UIntPtr;

    /// <summary>How the type's values are held.</summary>
    public TypeKind Classify(TypeReference type)
    {
        switch (type.MetadataType)
        {
            case MetadataType.Void: return new(ValueType.Void, 0, false, false);
            case MetadataType.Boolean or MetadataType.Byte: return new(ValueType.I32, 1, false, false);
            case MetadataType.SByte: return new(ValueType.I32, 1, true, false);
            case MetadataType.Char or MetadataType.UInt16: return new(ValueType.I32, 2, false, false);
            case MetadataType.Int16: return new(ValueType.I32, 2, true, false);
            case MetadataType.Int32: return new(ValueType.I32, 4, true, false);
            case MetadataType.UInt32: return new(ValueType.I32, 4, false, false);
            case MetadataType.Int64 or MetadataType.IntPtr: return new(ValueType.I64, 8, true, false);
            case MetadataType.UInt64 or MetadataType.UIntPtr: return new(ValueType.I64, 8, false, false);
            case MetadataType.Pointer or MetadataType.ByReference or MetadataType.FunctionPointer: return new(ValueType.Pointer, 8, false, false);
            case MetadataType.Single or MetadataType.Double: throw new Refusal("floating point is not supported");
            case MetadataType.String: throw new Refusal("strings are not supported");
            case MetadataType.Array: throw new Refusal("arrays are not supported (constants: ConstantTable<T>)");
        }

        var definition = type.Resolve() ?? throw new Refusal($"the type {type.FullName} was not found");
        if (definition.IsEnum)
        {
            return Classify(definition.Fields.First(f => !f.IsStatic).FieldType);
        }

        if (definition.FullName is "System.Decimal" or "System.Int128" or "System.UInt128" or "System.Half")
        {
            throw new Refusal($"the type {definition.Name} is not supported");
        }

        if (definition.IsValueType)
        {
            return new(ValueType.Pointer, LayoutOf(type).Size, false, true);
        }

        return IsMapOrTable(definition) ? new(ValueType.Pointer, 8, false, false) : throw new Refusal($"the class {DisplayName(type)} is not supported: only maps are objects");
    }

    public int SizeOf(TypeReference type) => Classify(type).Size;

    public int AlignmentOf(TypeReference type) => Classify(type) is { IsStruct: false, Size: var size } ? size : LayoutOf(type).Alignment;

    /// <summary>The layout of a struct: sequential with packing, or explicit.</summary>
    public StructLayout LayoutOf(TypeReference type)
    {
        if (_layouts.TryGetValue(type.FullName, out var known))
        {
            return known;
        }

        var definition = type.Resolve();
        var context = GenericContext.Of(type);
        // What a local function sees of its method has automatic layout, too; but only C#'s own code touches it, field by field.
        if (definition.IsAutoLayout && !definition.Name.StartsWith("<>c__DisplayClass", StringComparison.Ordinal))
        {
            throw new Refusal($"the struct {DisplayName(type)} has automatic layout");
        }

        if (definition.CustomAttributes.Any(a => a.AttributeType.FullName == "System.Runtime.CompilerServices.InlineArrayAttribute"))
        {
            throw new Refusal($"the struct {DisplayName(type)} is an inline array; fixed buffers are supported");
        }

        var fields = new List<FieldPlace>();
        var pack = definition.PackingSize > 0 ? definition.PackingSize : 8;
        var end = 0;
        var alignment = 1;
        foreach (var field in definition.Fields.Where(f => !f.IsStatic))
        {
            var fieldType = context.Close(field.FieldType);
            var fieldAlignment = Math.Min(pack, AlignmentOf(fieldType));
            var offset = definition.IsExplicitLayout ? field.Offset : Round(end, fieldAlignment);
            fields.Add(new(field.Name, fieldType, offset));
            end = Math.Max(end, offset + SizeOf(fieldType));
            alignment = Math.Max(alignment, fieldAlignment);
        }

        // A size that is written down is taken as it is; an empty struct has one byte.
        var size = Math.Max(definition.ClassSize >= end && definition.ClassSize > 0 ? definition.ClassSize : Round(end, alignment), 1);
        var layout = new StructLayout(size, alignment, fields);
        _layouts.Add(type.FullName, layout);
        return layout;
    }

    /// <summary>The type as BTF shows it. Pointers inside of structs are shown as <c>void *</c>.</summary>
    public TypeDescription Describe(TypeReference type, bool withPointerTargets = true)
    {
        if (type is PointerType or ByReferenceType)
        {
            var target = ((TypeSpecification)type).ElementType;
            return new PointerDescription(!withPointerTargets || target.MetadataType is MetadataType.Void or MetadataType.Pointer ? null : Describe(target, false));
        }

        var kind = Classify(type);
        if (kind.Type == ValueType.Pointer && !kind.IsStruct)
        {
            return new PointerDescription(null);
        }

        if (!kind.IsStruct)
        {
            return new IntegerDescription(IntegerName(kind), kind.Size, kind.IsSigned);
        }

        if (_descriptions.TryGetValue(type.FullName, out var known))
        {
            return known;
        }

        var definition = type.Resolve();
        var layout = LayoutOf(type);
        TypeDescription description;
        if (FixedBufferElement(definition) is { } element)
        {
            description = new ArrayDescription(Describe(element, false), layout.Size / SizeOf(element));
        }
        else
        {
            var isContext = _contexts.Contains(type.FullName);
            var fields = isContext
                ? []
                : layout.Fields.OrderBy(f => f.Offset).Select(f => new FieldDescription(Identifier(f.Name), Describe(f.Type, false), f.Offset)).ToArray();
            description = new StructDescription(Attribute(definition, "BtfNameAttribute") is { } name ? (string)name.ConstructorArguments[0].Value : StructName(type), layout.Size, fields);
        }

        _descriptions.Add(type.FullName, description);
        return description;
    }

    /// <summary>The element's type if the struct is the compiler's for a fixed buffer.</summary>
    public static TypeReference? FixedBufferElement(TypeDefinition type) =>
        type.Name.EndsWith("__FixedBuffer", StringComparison.Ordinal) && type.Fields is [{ Name: "FixedElementField" } field] ? field.FieldType : null;

    /// <summary>The attribute of Weir.Bpf with this name, or null.</summary>
    public static CustomAttribute? Attribute(ICustomAttributeProvider member, string name) =>
        member.HasCustomAttributes ? member.CustomAttributes.FirstOrDefault(a => a.AttributeType.FullName == Programs + name) : null;

    public static bool IsMapOrTable(TypeDefinition definition)
    {
        for (TypeDefinition? type = definition; type is not null; type = type.BaseType?.Resolve())
        {
            if (type.FullName is Programs + "Map" or Programs + "ConstantTable`1")
            {
                return true;
            }

            if (type.BaseType is null || type.BaseType.FullName == "System.Object")
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>For messages: without the number of type parameters.</summary>
    public static string DisplayName(TypeReference type) => type.Name.Split('`')[0];

    /// <summary>A name of letters, digits and underscores.</summary>
    public static string Identifier(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || c == '_')
            {
                text.Append(c);
            }
            else if (text.Length > 0 && text[^1] != '_')
            {
                text.Append('_');
            }
        }

        var identifier = text.ToString().Trim('_');
        return identifier.Length == 0 || char.IsAsciiDigit(identifier[0]) ? "_" + identifier : identifier;
    }

    private static string StructName(TypeReference type) =>
        Identifier(type is GenericInstanceType instance ? $"{type.Name.Split('`')[0]}_{string.Join('_', instance.GenericArguments.Select(StructName))}" : type.Name);

    private static string IntegerName(TypeKind kind) => (kind.Size, kind.IsSigned) switch
    {
        (1, false) => "byte",
        (1, true) => "sbyte",
        (2, false) => "ushort",
        (2, true) => "short",
        (4, false) => "uint",
        (4, true) => "int",
        (8, false) => "ulong",
        _ => "long",
    };

    private static int Round(int value, int alignment) => (value + alignment - 1) / alignment * alignment;
}
