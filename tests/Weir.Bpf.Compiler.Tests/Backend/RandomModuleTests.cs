using Weir.Bpf.Compiler.Ir;
using Weir.Bpf.Compiler.Passes;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>Generated modules mean the same interpreted before any pass, after every pass, and compiled in the kernel.</summary>
public sealed class RandomModuleTests
{
    private const int InputsPerModule = 6;

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("WEIR_RANDOM_MODULES"), out var count) ? count : 150;

    private static int First => int.TryParse(Environment.GetEnvironmentVariable("WEIR_RANDOM_FIRST"), out var first) ? first : 0;

    public static TheoryData<string> PassNames => [.. PassList.Names];

    [Fact]
    public void Generated_modules_are_well_formed()
    {
        for (var seed = First; seed < First + Count; seed++)
        {
            IrChecker.Verify(RandomModule.Make(seed), $"seed {seed}");
        }
    }

    [Fact]
    public void Every_pass_keeps_the_meaning()
    {
        var failures = new List<string>();
        for (var seed = First; seed < First + Count; seed++)
        {
            try
            {
                CheckPasses(seed);
            }
            catch (Exception e)
            {
                failures.Add($"seed {seed}: {e.Message}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} failed\n{string.Join('\n', failures.Take(3))}");
    }

    [Fact]
    public void The_kernel_agrees_with_the_interpreter()
    {
        var failures = new List<string>();
        for (var seed = First; seed < First + Count; seed++)
        {
            try
            {
                CheckKernel(seed);
            }
            catch (Exception e)
            {
                failures.Add($"seed {seed}: {e.Message}");
            }
        }

        Assert.True(failures.Count == 0,
            $"{failures.Count} of {Count} failed: {string.Join(' ', failures.Select(f => f.Split(':')[0][5..]))}\n{string.Join('\n', failures.OrderBy(f => f.Length).Take(2))}");
    }

    [Theory]
    [InlineData(10885, "an I64 sign-extended into an I32 kept its upper half")]
    public void A_seed_that_failed_once_holds(int seed, string fault)
    {
        Assert.NotEmpty(fault);
        CheckPasses(seed);
        CheckKernel(seed);
    }

    [Theory]
    [MemberData(nameof(PassNames))]
    public void Each_pass_can_be_switched_off(string pass)
    {
        for (var seed = First; seed < First + 12; seed++)
        {
            CheckKernel(seed, pass);
        }
    }

    [Fact]
    public void All_passes_can_be_switched_off()
    {
        for (var seed = First; seed < First + 12; seed++)
        {
            CheckKernel(seed, [.. PassList.Names]);
        }
    }

    private static void CheckPasses(int seed)
    {
        var expected = Enumerable.Range(0, InputsPerModule).Select(i => Interpret(RandomModule.Make(seed), seed + (i * 7919))).ToArray();
        var module = RandomModule.Make(seed);
        Compilation.Compile(module, new CompilerOptions
        {
            AfterPass = (pass, function) =>
            {
                for (var i = 0; i < InputsPerModule; i++)
                {
                    var actual = Interpret(module, seed + (i * 7919));
                    Assert.True(expected[i] == actual, $"{pass} changed {function.Name}: {expected[i]} became {actual}");
                }
            },
        });
    }

    private static ModuleRun Interpret(Module module, int inputSeed)
    {
        var (input, packet) = RandomModule.Inputs(inputSeed);
        return ModuleRun.Interpret(module, input, packet);
    }

    private static void CheckKernel(int seed, params string[] disabled)
    {
        var original = RandomModule.Make(seed);
        var file = Compilation.Emit(RandomModule.Make(seed), new CompilerOptions { DisabledPasses = disabled.ToHashSet() });
        using var runner = new KernelRunner(file);
        for (var i = 0; i < InputsPerModule; i++)
        {
            var (input, packet) = RandomModule.Inputs(seed + (i * 7919));
            var expected = ModuleRun.Interpret(original, input, packet);
            var actual = ModuleRun.InKernel(runner, input, packet);
            Assert.True(expected == actual, $"input {i}: {expected} became {actual} in the kernel");
        }
    }
}
