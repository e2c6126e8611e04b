using Weir.Bpf.Compiler.Ir;
using Weir.Bpf.Instructions;

namespace Weir.Bpf.Compiler.Tests.Backend;

public sealed class ZzDebug
{
    [Fact]
    public void ZzRun()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("ZZ_SEED") ?? "0");
        var size = int.Parse(Environment.GetEnvironmentVariable("ZZ_SIZE") ?? "60");
        var off = (Environment.GetEnvironmentVariable("ZZ_OFF") ?? "").Split(',').ToHashSet();
        var original = RandomModule.Make(seed, size);
        var m = RandomModule.Make(seed, size);
        var file = Compilation.Emit(m, new CompilerOptions { DisabledPasses = off });
        var text = IrPrinter.Print(m) + Instruction.Disassemble(file.Programs[0].Instructions);
        File.WriteAllText("/tmp/zz.txt", text);
        var o = "";
        using var runner = new KernelRunner(file);
        for (var i = 0; i < 6; i++)
        {
            var (input, packet) = RandomModule.Inputs(seed + (i * 7919));
            var expected = ModuleRun.Interpret(original, input, packet);
            var final = ModuleRun.Interpret(m, input, packet);
            var actual = ModuleRun.InKernel(runner, input, packet);
            o += $"{i} {expected == actual} {final == expected}\n{expected}\n{actual}\n";
        }
        Assert.Fail(o + file.Programs[0].Instructions.Length);
    }
}
