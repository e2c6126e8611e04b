using Weir.Bpf.Compiler.Ir;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>Global sub-programs are verified by their BTF types alone: contexts and structs must be recognised there.</summary>
public sealed class GlobalFunctionTests
{
    private static readonly StructDescription s_context = new("__sk_buff", 0, []);
    private static readonly StructDescription s_packet = new("Packet", 16,
        [
            new FieldDescription("Source", new IntegerDescription("uint", 4, false), 0),
            new FieldDescription("Destination", new IntegerDescription("uint", 4, false), 4),
            new FieldDescription("Rest", new ArrayDescription(new IntegerDescription("byte", 1, false), 8), 8),
        ]);

    [Fact]
    public void A_global_function_takes_the_context_and_a_struct()
    {
        var callee = new Function("Stage")
        {
            Kind = FunctionKind.Global,
            ReturnType = ValueType.I32,
            ReturnDescription = new IntegerDescription("int", 4, true),
            Location = new SourceLocation("a.cs", 1, 1),
        };
        callee.Parameters.Add(new Parameter("skb", ValueType.Pointer, new PointerDescription(s_context)));
        callee.Parameters.Add(new Parameter("packet", ValueType.Pointer, new PointerDescription(s_packet)));
        var b = new IrBuilder(callee);
        var (entry, present, absent) = (b.NewBlock(), b.NewBlock(), b.NewBlock());
        b.Current = entry;
        var (skb, packet) = (b.Parameter(0), b.Parameter(1));
        b.Branch(Comparison.NotEqual, packet, b.Constant(ValueType.Pointer, 0), present, absent);
        b.Current = present;
        var mark = b.Load(ValueType.I32, skb, 8, 4);
        mark.IsContextAccess = true;
        b.Store(packet, 4, 4, b.Append(Op.Add, ValueType.I32, mark, b.Load(ValueType.I32, packet, 0, 4)));
        b.Return(b.Constant(ValueType.I32, 1));
        b.Current = absent;
        b.Return(b.Constant(ValueType.I32, 0));

        var main = new Function("Main")
        {
            Kind = FunctionKind.Program,
            Section = "tc/ingress",
            ReturnType = ValueType.I32,
            ReturnDescription = new IntegerDescription("int", 4, true),
            Location = new SourceLocation("a.cs", 20, 1),
        };
        main.Parameters.Add(new Parameter("skb", ValueType.Pointer, new PointerDescription(s_context)));
        b = new IrBuilder(main) { Location = main.Location };
        b.Current = b.NewBlock();
        skb = b.Parameter(0);
        var slot = b.NewSlot("packet", 16, 4);
        var address = b.StackAddress(slot);
        b.ZeroMemory(address, 0, 16);
        b.Store(address, 0, 4, b.Constant(ValueType.I32, 41));
        var stored = b.Store(skb, 8, 4, b.Constant(ValueType.I32, 1));
        stored.IsContextAccess = true;
        b.CallFunction(callee, skb, address);
        b.Return(b.Load(ValueType.I32, address, 4, 4));

        var module = new Module();
        module.Functions.Add(main);
        module.Functions.Add(callee);
        var result = Compilation.Compile(module, new CompilerOptions { SourceText = l => $"line {l.Line}" });
        using var runner = new KernelRunner(result.Object);
        Assert.Equal(42u, runner.Run("Main", new byte[64]));
        Assert.Equal(["Main", "Stage"], result.Functions.Select(f => f.Name));
    }
}
