using Weir.Bpf.Compiler.Emit;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler;

/// <summary>How a module is compiled.</summary>
public sealed record CompilerOptions
{
    /// <summary>Names of passes that do not run (see <see cref="Passes.PassList"/>).</summary>
    public IReadOnlySet<string> DisabledPasses { get; init; } = new HashSet<string>();

    /// <summary>Whether the intermediate form is checked after every pass.</summary>
    public bool ChecksPasses { get; init; } = true;

    /// <summary>Seen after every pass: the pass's name and the function. For tests and for people who look for a fault.</summary>
    public Action<string, Function>? AfterPass { get; init; }

    /// <summary>Seen when registers and stack slots have their places, before encoding.</summary>
    internal Action<MachineFunction>? AfterAllocation { get; init; }

    /// <summary>The text of a source line, for the verifier's log; null where it is not known.</summary>
    public Func<SourceLocation, string?>? SourceText { get; init; }
}
