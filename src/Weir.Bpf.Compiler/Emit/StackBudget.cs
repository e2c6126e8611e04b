using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Emit;

/// <summary>
/// Refuses what the kernel would refuse without a line of C#: chains of calls whose frames need more than the stack, and ones that are too deep
/// (kernel/bpf/verifier.c, check_max_stack_depth).
/// </summary>
internal static class StackBudget
{
    /// <summary>Most bytes that a chain of frames has (MAX_BPF_STACK).</summary>
    private const int MostBytes = 512;

    /// <summary>Most frames of a chain (MAX_CALL_FRAMES).</summary>
    private const int MostFrames = 8;

    /// <summary>What a frame's bytes are rounded up to; newer kernels with a JIT round to 16.</summary>
    private const int Rounding = 32;

    /// <summary>bpf_timer_set_callback: what it is given runs later, on a stack of its own.</summary>
    private const int TimerSetCallback = 170;

    /// <summary>Checks every chain of calls that begins with the program. The result is the bytes of the deepest.</summary>
    public static int Check(Function program, IReadOnlyDictionary<Function, MachineFunction> functions)
    {
        var deepest = 0;
        var roots = new Queue<Function>([program]);
        var seen = new HashSet<Function>(roots, ReferenceEqualityComparer.Instance);
        while (roots.TryDequeue(out var root))
        {
            Walk([root], 0);
        }

        return deepest;

        void Walk(List<Function> chain, int above)
        {
            var function = chain[^1];
            var own = functions[function].StackBytes;
            var bytes = above + ((Math.Max(own, 1) + Rounding - 1) / Rounding * Rounding);
            deepest = Math.Max(deepest, bytes);
            if (own > MostBytes)
            {
                throw Refused(function, $"{function.Name} needs {own} bytes of stack; at most {MostBytes} are allowed");
            }

            var names = string.Join(", ", chain.Select(f => f.Name));
            if (bytes > MostBytes)
            {
                throw Refused(function, $"the chain of calls {names} needs {bytes} bytes of stack; at most {MostBytes} are allowed");
            }

            if (chain.Count > MostFrames)
            {
                throw Refused(function, $"the chain of calls {names} has {chain.Count} frames; at most {MostFrames} are allowed");
            }

            foreach (var (callee, isLater) in Calls(function))
            {
                if (!isLater)
                {
                    Walk([.. chain, callee], bytes);
                }
                else if (seen.Add(callee))
                {
                    roots.Enqueue(callee);
                }
            }
        }
    }

    private static IEnumerable<(Function Callee, bool IsLater)> Calls(Function function)
    {
        foreach (var value in function.Blocks.SelectMany(b => b.Values))
        {
            if (value is { Op: Op.CallFunction, Symbol: Function callee })
            {
                yield return (callee, false);
            }

            foreach (var operand in value.Operands)
            {
                if (operand is { Op: Op.FunctionAddress, Symbol: Function callback })
                {
                    yield return (callback, value is { Op: Op.CallHelper, Immediate: TimerSetCallback });
                }
            }
        }
    }

    private static RefusedException Refused(Function function, string message) => new(new Diagnostic(function.Location, message));
}
