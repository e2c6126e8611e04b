namespace Weir.Bpf.Programs;

/// <summary>An entry point of the kernel: <c>static int Name(TContext* context)</c>.</summary>
/// <param name="section">Where it attaches, in libbpf's section names: <c>tc/ingress</c>, <c>tc/egress</c>, <c>xdp</c>, <c>cgroup/connect4</c>, ….</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ProgramAttribute(string section) : Attribute
{
    public string Section { get; } = section;
}

/// <summary>
/// Compiled as a function of its own and called (bpf-to-bpf) instead of being inlined. A global one is verified once, apart from its callers:
/// its parameters are the context, scalars, or pointers to structs (which it must compare with null before use).
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SubprogramAttribute : Attribute
{
    public bool Global { get; init; }
}

/// <summary>A call of the kernel helper with this number (include/uapi/linux/bpf.h); the body is what it does managed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HelperAttribute(int id) : Attribute
{
    public int Id { get; } = id;
}

/// <summary>A call of the kernel function with this name, resolved through the kernel's BTF at load; the body is what it does managed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KfuncAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Reads a pointer-typed field of the program's context (a 32-bit load that the kernel rewrites to a pointer) at this byte offset.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContextPointerAttribute(int offset) : Attribute
{
    public int Offset { get; } = offset;
}

/// <summary>The name that the struct carries in BTF, where the kernel knows it by name (<c>bpf_timer</c>, <c>bpf_spin_lock</c>).</summary>
[AttributeUsage(AttributeTargets.Struct)]
public sealed class BtfNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Marks a map class with its kernel type (enum bpf_map_type).</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class MapTypeAttribute(int type) : Attribute
{
    public int Type { get; } = type;
}
