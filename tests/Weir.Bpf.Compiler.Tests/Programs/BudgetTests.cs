using Weir.Bpf.Compiler.Il;
using Weir.Bpf.Loading;
using Xunit.Abstractions;

namespace Weir.Bpf.Compiler.Tests.Programs;

/// <summary>
/// What each program of the data path costs the kernel: instructions, stack, and instructions that the verifier goes through (it gives up at a
/// million, and older kernels go through more). The ceilings leave room to grow; whoever passes one has made something much dearer.
/// </summary>
public sealed class BudgetTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, (int Instructions, int Verified)> s_budgets = new()
    {
        ["Ingress"] = (18_000, 250_000),
        ["IngressRaw"] = (18_000, 250_000),
        ["Egress"] = (18_000, 250_000),
        ["EgressRaw"] = (18_000, 250_000),
        ["Xdp"] = (6_500, 280_000),
        ["Connect"] = (1_200, 20_000),
        ["Send"] = (1_200, 20_000),
        ["Receive"] = (100, 1_000),
        ["GetPeerName"] = (100, 1_000),
        ["ConnectIPv6"] = (1_200, 20_000),
        ["SendIPv6"] = (1_200, 20_000),
        ["ReceiveIPv6"] = (100, 1_000),
        ["GetPeerNameIPv6"] = (100, 1_000),
        ["EndFlow"] = (600, 5_000),
    };

    /// <summary>What clang 14 -O2 makes of the twin in C (<c>./bench twin</c> compiles it anew).</summary>
    private const int InstructionsOfClang = 470;

    [Fact]
    public void The_load_balancer_has_at_most_a_third_more_instructions_than_clangs()
    {
        var compiled = Compile(typeof(Bench.Twin.Balancer).Assembly.Location);
        using var loaded = Loader.Load(compiled.Object);
        Assert.InRange(compiled.Programs.Single().Instructions, 1, (int)(InstructionsOfClang * 1.3));
    }

    [Fact]
    public void The_data_path_stays_within_its_budgets()
    {
        var compiled = Compile(typeof(DataPath.Programs).Assembly.Location);
        using var loaded = Loader.Load(compiled.Object);
        var faults = new List<string>();
        foreach (var program in compiled.Programs)
        {
            var verified = loaded.Programs[program.Name].Info.VerifiedInstructions;
            output.WriteLine($"{program.Name,-12} {program.Instructions,6} instructions, {program.StackBytes,3} bytes of stack, {verified,6} instructions verified");
            if (!s_budgets.TryGetValue(program.Name, out var budget))
            {
                faults.Add($"{program.Name} has no budget");
            }
            else if (program.Instructions > budget.Instructions || verified > budget.Verified)
            {
                faults.Add($"{program.Name} has {program.Instructions} instructions, {verified} verified; at most {budget.Instructions} and {budget.Verified} are allowed");
            }
        }

        Assert.Empty(faults);
    }

    private static CompilationResult Compile(string assembly)
    {
        var diagnostics = new Diagnostics();
        var module = FrontEnd.Compile(assembly, diagnostics);
        Assert.Empty(diagnostics.Errors);
        return Compilation.Compile(module, new CompilerOptions());
    }
}
