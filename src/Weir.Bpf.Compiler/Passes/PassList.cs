using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Passes;

/// <summary>The passes in their order.</summary>
public static class PassList
{
    /// <summary>Merging equal blocks of machine instructions, which is not a pass over the intermediate form but switched off like one.</summary>
    public const string EqualBlockMerging = "equal-block-merging";

    private const int MaximumRounds = 8;

    /// <summary>Repeated until nothing changes.</summary>
    private static readonly IPass[] s_repeated =
    [
        new BranchFolding(),
        new BlockStraightening(),
        new CopyPropagation(),
        new Simplification(),
        new CompareFusion(),
        new PhiFlattening(),
        new PhiBranching(),
        new AddressFolding(),
        new DeadCode(),
        new SlotPromotion(),
        new MemoryForwarding(),
        new DeadStores(),
        new ValueNumbering(),
        new DeadCode(),
    ];

    /// <summary>What emission wants.</summary>
    private static readonly IPass[] s_final =
    [
        new SignedDivision(),
        new Simplification(),
        new ValueNumbering(),
        new DeadCode(),
        new CriticalEdges(),
    ];

    /// <summary>The names of all passes that can be switched off.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. s_repeated.Concat(s_final).Where(p => !p.IsRequired).Select(p => p.Name).Distinct(), EqualBlockMerging];

    /// <summary>Runs all passes over all functions.</summary>
    public static void Run(Module module, CompilerOptions options)
    {
        foreach (var function in module.Functions)
        {
            IrChecker.Verify(function, "the front end");
            Edit.RemoveUnreachable(function);
            for (var round = 0; round < MaximumRounds; round++)
            {
                var changed = false;
                foreach (var pass in s_repeated)
                {
                    changed |= Run(pass, function, options);
                }

                if (!changed)
                {
                    break;
                }
            }

            foreach (var pass in s_final)
            {
                Run(pass, function, options);
            }
        }
    }

    private static bool Run(IPass pass, Function function, CompilerOptions options)
    {
        if (!pass.IsRequired && options.DisabledPasses.Contains(pass.Name))
        {
            return false;
        }

        var changed = pass.Run(function);
        if (changed)
        {
            options.AfterPass?.Invoke(pass.Name, function);
            if (options.ChecksPasses)
            {
                IrChecker.Verify(function, pass.Name);
            }
        }

        return changed;
    }
}
