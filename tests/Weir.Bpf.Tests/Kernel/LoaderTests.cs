using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;
using Weir.Bpf.Kernel;
using Weir.Bpf.Loading;
using Weir.Bpf.Maps;
using Weir.Bpf.Objects;
using Weir.Bpf.Programs;

namespace Weir.Bpf.Tests.Kernel;

public sealed class LoaderTests
{
    [Fact]
    public void A_program_is_loaded_from_its_file_and_runs()
    {
        using var loaded = Loader.Load(ObjectFile.Read(Sample.Counting(verdict: 2).Write()));
        var packet = new byte[60];
        packet[12] = 8;
        var run = loaded.Programs["Count"].Run(packet, repeat: 10);
        Assert.Equal(2, run.Result);
        Assert.Equal(packet, run.Data);
        Assert.Equal(10ul, loaded.Maps["counts"].AsArray<ulong>()[0]);
        var info = loaded.Programs["Count"].Info;
        Assert.Equal(("Count", ProgramKind.TrafficClassifier, 16), (info.Name, info.Kind, info.Tag.Length));
        Assert.InRange(info.VerifiedInstructions, 10, 30);
        using var same = BpfProgram.TryOpen(info.Id);
        Assert.Equal(info.Tag, same!.Info.Tag);
        Assert.Contains(info.Id, BpfProgram.Ids());
    }

    [Fact]
    public void A_map_that_exists_is_reused_and_must_fit()
    {
        var file = Sample.Counting();
        using var first = Loader.Load(file);
        using var second = Loader.Load(file, new LoadOptions { Maps = new Dictionary<string, BpfMap> { ["counts"] = first.Maps["counts"] } });
        second.Programs["Count"].Run(new byte[60]);
        second.Dispose();
        Assert.Equal(1ul, first.Maps["counts"].AsArray<ulong>()[0]);

        using var other = BpfMap.Create(new MapDefinition("counts", MapKind.Array, 4, 4, 1));
        var refusal = Assert.Throws<InvalidOperationException>(() => Loader.Load(file, new LoadOptions { Maps = new Dictionary<string, BpfMap> { ["counts"] = other } }));
        Assert.Contains("'counts'", refusal.Message);
    }

    [Fact]
    public void The_context_goes_in_and_comes_out()
    {
        // mark += cb[0]
        Instruction[] code =
        [
            Instruction.Load(MemorySize.Word, Register.R2, Register.R1, 8),
            Instruction.Load(MemorySize.Word, Register.R3, Register.R1, 48),
            Instruction.Alu64(AluOperation.Add, Register.R2, Register.R3),
            Instruction.Store(MemorySize.Word, Register.R1, 8, Register.R2),
            Instruction.Load(MemorySize.Word, Register.R0, Register.R1, 40),
            Instruction.Exit(),
        ];
        using var loaded = Loader.Load(new ObjectFile { Btf = [], Programs = [new("mark", "tc/egress", code)] });
        var context = new SkBuff { Mark = 40, IfIndex = 1 };
        unsafe
        {
            context.ControlBlock[0] = 2;
        }
        Assert.Equal(1, loaded.Programs["mark"].Run(new byte[64], ref context).Result);
        Assert.Equal(42u, context.Mark);
    }

    [Theory]
    [InlineData(new byte[] { 5, 0, 0, 0 }, false, 5)]
    [InlineData(new byte[] { 5, 0, 0, 0 }, true, 7)]
    public void Constants_are_frozen_and_can_be_replaced_at_load(byte[] data, bool isReplaced, int expected)
    {
        var (low, high) = Instruction.LoadMapValue(Register.R1, 0);
        var file = new ObjectFile
        {
            Btf = [],
            Maps = [new(".rodata", MapKind.Array, 4, 4, 1) { Flags = (uint)MapFlags.ReadOnlyProgram, Data = data, IsFrozen = true }],
            Programs =
            [
                new("read", "tc/ingress", [low, high, Instruction.Load(MemorySize.Word, Register.R0, Register.R1, 0), Instruction.Exit()])
                {
                    Relocations = [new(0, RelocationKind.MapValue, ".rodata")],
                },
            ],
        };
        var options = new LoadOptions();
        if (isReplaced) options = new LoadOptions { Data = new Dictionary<string, byte[]> { [".rodata"] = [7, 0, 0, 0] } };
        using var loaded = Loader.Load(file, options);
        Assert.Equal(expected, loaded.Programs["read"].Run(new byte[64]).Result);
        Assert.Equal(Errno.EPERM, loaded.Maps[".rodata"].TryUpdate(new byte[4], new byte[4]));
    }

    [Fact]
    public void A_refused_program_names_the_complaint_and_the_source_line()
    {
        var file = Sample.Counting();
        var program = file.Programs[0];
        // Without the null check.
        var code = (Instruction[])program.Instructions.Clone();
        code[6] = Instruction.Move64(Register.R2, 0);
        // A hash map: an array's first element is known to exist, so that newer kernels accept the access.
        var broken = new ObjectFile { Btf = file.Btf, Maps = [file.Maps[0] with { Kind = MapKind.Hash }], Programs = [program with { Instructions = code }] };
        var refusal = Assert.Throws<VerifierException>(() => Loader.Load(broken));
        Assert.Equal(Errno.EACCES, refusal.Errno);
        var lines = refusal.Message.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Contains("R0 invalid mem access 'map_value_or_null'", lines[0]);
        Assert.Equal("  at Count.cs:12: if (value != null) Interlocked.Add(ref *value, 1); (instruction 8)", lines[1]);
        Assert.Contains("processed", refusal.Log);
    }

    [Theory]
    [InlineData(1, "cgroup/connect4")]
    [InlineData(1, "cgroup/sendmsg4")]
    [InlineData(1, "cgroup/recvmsg4")]
    [InlineData(1, "cgroup/getpeername4")]
    [InlineData(1, "cgroup/sock_release")]
    [InlineData(1, "sockops")]
    [InlineData(2, "xdp")]
    public void Programs_of_each_section_load(int result, string section)
    {
        using var loaded = Sample.Returning(result, section);
        Assert.NotEqual(0u, loaded.Programs["main"].Info.Id);
    }

    [Fact]
    public void An_unknown_section_is_refused() => Assert.Throws<ArgumentException>(() => Sample.Returning(0, "tc/sideways"));

    [Fact]
    public void Kernel_functions_are_found_by_name()
    {
        Assert.NotNull(KernelBtf.TryFindFunction("bpf_obj_new_impl") ?? KernelBtf.TryFindFunction("bpf_ct_release") ?? KernelBtf.TryFindFunction("tcp_slow_start"));
        Assert.Null(KernelBtf.TryFindFunction("weir_does_not_exist"));
    }

    [Fact]
    public void A_call_of_a_missing_kernel_function_says_which()
    {
        var file = new ObjectFile
        {
            Btf = [],
            Programs = [new("call", "tc/ingress", [Instruction.CallKfunc(), Instruction.Exit()]) { Relocations = [new(0, RelocationKind.Kfunc, "weir_does_not_exist")] }],
        };
        Assert.Contains("'weir_does_not_exist'", Assert.Throws<BpfException>(() => Loader.Load(file)).Message);
    }

    [Fact]
    public void All_kinds_of_types_are_accepted_by_the_kernel()
    {
        var btf = new BtfBuilder();
        var signed = btf.AddInteger("int", 4, true);
        var wide = btf.AddInteger("ulong", 8, false);
        var flag = btf.AddInteger("bool", 1, false, isBool: true);
        var node = btf.DeclareStruct("Node<T>", 40);
        btf.DefineStruct(node,
        [
            new("next", btf.AddPointer(node), 0), new("value", btf.AddConst(wide), 8), new("bytes", btf.AddArray(flag, 16), 16), new("kind", btf.AddEnum("Kind", 4, [new("None", 0), new("Some", -1)]), 32),
        ]);
        btf.AddTypedef("NodeAlias", node);
        btf.AddFunction("F", btf.AddPrototype(0, [new("node", btf.AddPointer(node))]), FunctionLinkage.Static);
        var variable = btf.AddVariable("Limit", signed);
        btf.AddDataSection(".rodata", 4, [new(variable, 0, 4)]);
        BtfObject.Load(btf.Build()).Dispose();

        btf.AddPointer(9999);
        var refusal = Assert.Throws<BpfException>(() => BtfObject.Load(btf.Build()));
        Assert.Contains("9999", refusal.Message);
    }

    [Fact]
    public void Timers_in_map_values_come_from_BTF()
    {
        var btf = new BtfBuilder();
        var wide = btf.AddInteger("unsigned long", 8, false);
        var timer = btf.AddStruct("bpf_timer", 16, [new("a", wide, 0), new("b", wide, 8)]);
        var value = btf.AddStruct("Flow", 24, [new("expiry", timer, 0), new("count", wide, 16)]);
        var map = new MapDefinition("flows", MapKind.Hash, 8, 24, 16) { Flags = 1, KeyTypeId = wide, ValueTypeId = value };
        using var loaded = Loader.Load(new ObjectFile { Btf = btf.Build(), Maps = [map] });
        Assert.Equal("flows", loaded.Maps["flows"].Name);
    }
}
