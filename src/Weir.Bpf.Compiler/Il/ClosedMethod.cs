using Mono.Cecil;

namespace Weir.Bpf.Compiler.Il;

/// <summary>A method with its type arguments.</summary>
internal sealed record ClosedMethod(MethodDefinition Definition, GenericContext Generics)
{
    /// <summary>Equal for the same method with the same arguments.</summary>
    public string Key { get; } =
        $"{Definition.FullName}<{string.Join(',', Generics.TypeArguments.Select(t => t.FullName))}|{string.Join(',', Generics.MethodArguments.Select(t => t.FullName))}>";

    /// <summary>For messages: <c>Class.Method</c>.</summary>
    public string DisplayName => Definition.IsConstructor
        ? $"the constructor of {TypeSystem.DisplayName(Definition.DeclaringType)}"
        : $"{TypeSystem.DisplayName(Definition.DeclaringType)}.{Definition.Name}";

    public TypeReference ReturnType => Generics.Close(Definition.ReturnType);

    /// <summary>The types of the arguments on the stack: <c>this</c> (a pointer for structs) first.</summary>
    public IReadOnlyList<TypeReference> ArgumentTypes()
    {
        var types = new List<TypeReference>();
        if (Definition.HasThis)
        {
            TypeReference self = Definition.DeclaringType;
            if (Generics.TypeArguments.Count > 0)
            {
                var instance = new GenericInstanceType(self);
                foreach (var argument in Generics.TypeArguments)
                {
                    instance.GenericArguments.Add(argument);
                }

                self = instance;
            }

            types.Add(Definition.DeclaringType.IsValueType ? new ByReferenceType(self) : self);
        }

        types.AddRange(Definition.Parameters.Select(p => Generics.Close(p.ParameterType)));
        return types;
    }

    /// <summary>The method that a reference means, seen from a context; null where its assembly is not at hand.</summary>
    public static ClosedMethod? From(MethodReference reference, GenericContext context)
    {
        var declaring = context.Close(reference.DeclaringType);
        IReadOnlyList<TypeReference> methodArguments =
            reference is GenericInstanceMethod instance ? [.. instance.GenericArguments.Select(context.Close)] : [];
        return reference.Resolve() is { } definition
            ? new ClosedMethod(definition, new GenericContext(GenericContext.Of(declaring).TypeArguments, methodArguments))
            : null;
    }
}
