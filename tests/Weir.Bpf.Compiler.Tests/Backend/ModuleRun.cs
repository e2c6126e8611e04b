using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>What a random module did: r0 and the contents of its maps.</summary>
internal sealed record ModuleRun(uint Result, string Output, string Table)
{
    /// <summary>Runs the module in the interpreter.</summary>
    public static ModuleRun Interpret(Module module, byte[] input, byte[] packet)
    {
        var interpreter = new IrInterpreter();
        var table = new byte[RandomModule.TableEntries][];
        var addresses = new long[RandomModule.TableEntries];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = new byte[RandomModule.TableValueBytes];
            addresses[i] = interpreter.Allocate(table[i]);
        }

        interpreter.Helpers[1] = (self, arguments) => self.Read(arguments[1], 4) is var key && key < RandomModule.TableEntries ? addresses[key] : 0;
        interpreter.Helpers[181] = (self, arguments) =>
        {
            var callback = (Function)self.FromHandle(arguments[1]);
            var steps = 0;
            for (; steps < (uint)arguments[0]; steps++)
            {
                if (self.Call(callback, steps, arguments[2]) != 0)
                {
                    return steps + 1;
                }
            }

            return steps;
        };
        var inputMap = module.Maps.Single(m => m.Name == "in");
        input.CopyTo(interpreter.Memory(interpreter.DataAddress(inputMap), input.Length));
        var data = interpreter.Allocate((byte[])packet.Clone());
        interpreter.ContextPointers[76] = data;
        interpreter.ContextPointers[80] = data + packet.Length;
        var result = interpreter.Call(module.Functions.Single(f => f.Name == "main"), interpreter.Allocate(192));
        var output = interpreter.Memory(interpreter.DataAddress(module.Maps.Single(m => m.Name == "out")), RandomModule.OutputBytes);
        return new ModuleRun((uint)result, Convert.ToHexString(output), string.Join(' ', table.Select(Convert.ToHexString)));
    }

    /// <summary>Runs the compiled module in the kernel.</summary>
    public static ModuleRun InKernel(KernelRunner runner, byte[] input, byte[] packet)
    {
        var zero = new byte[4];
        runner.Write("in", zero, input);
        runner.Write("out", zero, new byte[RandomModule.OutputBytes]);
        for (var i = 0; i < RandomModule.TableEntries; i++)
        {
            runner.Write("table", BitConverter.GetBytes(i), new byte[RandomModule.TableValueBytes]);
        }

        var result = runner.Run("main", packet);
        var table = Enumerable.Range(0, RandomModule.TableEntries).Select(i => Convert.ToHexString(runner.Read("table", BitConverter.GetBytes(i))!));
        return new ModuleRun(result, Convert.ToHexString(runner.Read("out", zero)!), string.Join(' ', table));
    }
}
