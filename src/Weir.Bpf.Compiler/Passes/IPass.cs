using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>A change of a function that keeps its meaning.</summary>
internal interface IPass
{
    /// <summary>The name by which it is switched off.</summary>
    string Name { get; }

    /// <summary>Whether emission cannot do without it; it is then never switched off.</summary>
    bool IsRequired => false;

    /// <summary>Changes the function; the result says whether it did.</summary>
    bool Run(Function function);
}
