using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;
using Weir.Bpf.Loading;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Tests.Kernel;

/// <summary>Hand-assembled programs.</summary>
internal static class Sample
{
    /// <summary>A program without maps that returns a number.</summary>
    public static LoadedObject Returning(int value, string section = "tc/ingress") =>
        Loader.Load(new ObjectFile { Btf = [], Programs = [new("main", section, [Instruction.Move64(Register.R0, value), Instruction.Exit()])] });

    /// <summary>
    /// A TC program that counts its runs in map <c>counts</c> (an array of one u64) and returns the given verdict; with BTF, line info and a sub-program.
    /// </summary>
    public static ObjectFile Counting(int verdict = -1, MapKind kind = MapKind.Array, string section = "tc/ingress")
    {
        var btf = new BtfBuilder();
        var word = btf.AddInteger("unsigned int", 4, false);
        var counter = btf.AddInteger("unsigned long", 8, false);
        var signed = btf.AddInteger("int", 4, true);
        var main = btf.AddFunction("Count", btf.AddPrototype(signed, [new("context", btf.AddPointer(btf.AddForwardStruct("__sk_buff")))]), FunctionLinkage.Global);
        var verdictFunction = btf.AddFunction("Verdict", btf.AddPrototype(signed, []), FunctionLinkage.Static);
        var code = new List<Instruction>();
        var (low, high) = Instruction.LoadMap(Register.R1);
        code.AddRange(
        [
            Instruction.Store(MemorySize.Word, Register.R10, -4, 0),
            Instruction.Move64(Register.R2, Register.R10),
            Instruction.Alu64(AluOperation.Add, Register.R2, -4),
            low, high,
            Instruction.CallHelper(1),
            Instruction.Jump64(JumpCondition.Equal, Register.R0, 0, 2),
            Instruction.Move64(Register.R1, 1),
            Instruction.Atomic(AtomicOperation.Add, MemorySize.DoubleWord, Register.R0, 0, Register.R1),
            Instruction.CallFunction(1),
            Instruction.Exit(),
        ]);
        var sub = code.Count;
        code.AddRange([Instruction.Move64(Register.R0, verdict), Instruction.Exit()]);
        LineInfo[] lines =
        [
            btf.AddLine(0, "Count.cs", "uint index = 0;", 10, 5),
            btf.AddLine(5, "Count.cs", "var value = Counts.Lookup(&index);", 11, 5),
            btf.AddLine(6, "Count.cs", "if (value != null) Interlocked.Add(ref *value, 1);", 12, 5),
            btf.AddLine(9, "Count.cs", "return Verdict();", 13, 5),
            btf.AddLine(sub, "Count.cs", "static int Verdict() => -1;", 16, 1),
        ];
        return new ObjectFile
        {
            Btf = btf.Build(),
            Maps = [new("counts", kind, 4, 8, 1) { KeyTypeId = word, ValueTypeId = counter }],
            Programs =
            [
                new("Count", section, [.. code])
                {
                    Relocations = [new(3, RelocationKind.MapDescriptor, "counts")],
                    Functions = [new(0, main), new(sub, verdictFunction)],
                    Lines = lines,
                },
            ],
        };
    }
}
