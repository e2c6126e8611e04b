using Mono.Cecil;

namespace Weir.Bpf.Compiler.Il;

/// <summary>Where a struct's fields are, as the runtime places those of unmanaged types.</summary>
internal sealed record StructLayout(int Size, int Alignment, IReadOnlyList<FieldPlace> Fields)
{
    public FieldPlace this[string name] => Fields.First(f => f.Name == name);
}

/// <summary>A field: name, closed type, offset in bytes.</summary>
internal sealed record FieldPlace(string Name, TypeReference Type, int Offset);
