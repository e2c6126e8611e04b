using Mono.Cecil;

namespace Weir.Bpf.Compiler.Il;

/// <summary>What stands for the type parameters of a method's class and of the method itself; every argument is closed.</summary>
internal sealed record GenericContext(IReadOnlyList<TypeReference> TypeArguments, IReadOnlyList<TypeReference> MethodArguments)
{
    public static GenericContext Empty { get; } = new([], []);

    /// <summary>The type with all parameters replaced.</summary>
    public TypeReference Close(TypeReference type)
    {
        switch (type)
        {
            case GenericParameter parameter:
                var arguments = parameter.Type == GenericParameterType.Type ? TypeArguments : MethodArguments;
                return parameter.Position < arguments.Count ? arguments[parameter.Position] : throw new Refusal($"the type parameter {parameter.Name} is not known here");
            case PointerType pointer:
                return new PointerType(Close(pointer.ElementType));
            case ByReferenceType reference:
                return new ByReferenceType(Close(reference.ElementType));
            case PinnedType pinned:
                return Close(pinned.ElementType);
            case RequiredModifierType modified:
                return Close(modified.ElementType);
            case OptionalModifierType modified:
                return Close(modified.ElementType);
            case ArrayType array:
                return new ArrayType(Close(array.ElementType), array.Rank);
            case GenericInstanceType instance:
                var closed = new GenericInstanceType(instance.ElementType);
                foreach (var argument in instance.GenericArguments)
                {
                    closed.GenericArguments.Add(Close(argument));
                }

                return closed;
            default:
                return type;
        }
    }

    /// <summary>The context of a type's members.</summary>
    public static GenericContext Of(TypeReference closedType) =>
        closedType is GenericInstanceType instance ? new([.. instance.GenericArguments], []) : Empty;
}
