using Weir.Bpf.Compiler.Ir;
using Weir.Bpf.Compiler.Passes;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>Single operations in the kernel, with and without passes, at the edges of their ranges. Failures that generated modules showed are kept here, reduced.</summary>
public sealed class LoweringTests
{
    private static readonly MapSymbol s_input = new("in", 2) { KeySize = 4, ValueSize = 64, MaxEntries = 1 };
    private static readonly MapSymbol s_output = new("out", 2) { KeySize = 4, ValueSize = 128, MaxEntries = 1 };

    public static TheoryData<string, long, long> Divisions
    {
        get
        {
            var data = new TheoryData<string, long, long>();
            foreach (var op in (Op[])[Op.DivideSigned, Op.RemainderSigned, Op.DivideUnsigned, Op.RemainderUnsigned])
            {
                foreach (var (a, b) in ((long, long)[])[(7, 2), (-7, 2), (7, -2), (-7, -2), (5, 0), (-5, 0), (long.MinValue, -1), (int.MinValue, -1), (1, long.MinValue)])
                {
                    data.Add(op.ToString(), a, b);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Divisions))]
    public void Division_is_csharps(string operation, long a, long b) => Check(
        (builder, x, y) => builder.Append(Enum.Parse<Op>(operation), ValueType.I64, x, y), a, b);

    [Theory]
    [InlineData("ShiftLeft", 1, 33)]
    [InlineData("ShiftRightUnsigned", -1, 65)]
    [InlineData("ShiftRightSigned", long.MinValue, -1)]
    [InlineData("ShiftRightSigned", long.MinValue, 64)]
    public void Shifts_mask_their_counts(string operation, long a, long b) => Check(
        (builder, x, y) => builder.Append(Enum.Parse<Op>(operation), ValueType.I64, x, y), a, b);

    /// <summary>The low half of a 64-bit value, merged by a phi and extended: found by seed 10885.</summary>
    [Theory]
    [InlineData(Op.SignExtend)]
    [InlineData(Op.ZeroExtend)]
    [InlineData(Op.Truncate)]
    public void The_upper_half_is_gone_when_a_low_half_is_extended(Op narrowing) => Check(
        (builder, x, y) =>
        {
            var low = builder.Append(narrowing, ValueType.I32, x);
            low.Size = narrowing == Op.Truncate ? 0 : 4;
            var (first, second, join) = (builder.NewBlock(), builder.NewBlock(), builder.NewBlock());
            builder.Branch(Comparison.LessUnsigned, x, y, first, second);
            builder.Current = first;
            var one = builder.Constant(ValueType.I32, 1);
            builder.Jump(join);
            builder.Current = second;
            builder.Jump(join);
            builder.Current = join;
            return builder.Convert(Op.ZeroExtend, ValueType.I64, 4, builder.Append(Op.Phi, ValueType.I32, one, low));
        },
        -2, 3);

    [Theory]
    [InlineData(1, 8)]
    [InlineData(3, 4)]
    [InlineData(5, 2)]
    [InlineData(7, 8)]
    public void A_field_of_a_packed_struct_on_the_stack_is_read_in_parts(int offset, int size) => Check(
        (builder, x, y) =>
        {
            var slot = builder.NewSlot("packed", 24, 1);
            var address = builder.StackAddress(slot);
            builder.ZeroMemory(address, 0, 24);
            builder.Store(address, offset, size, x);
            builder.Store(address, 16, 8, y);
            // Someone has the address: the slot stays.
            var index = builder.Append(Op.And, ValueType.I64, y, builder.Constant(ValueType.I64, 7));
            var seen = builder.Load(ValueType.I64, builder.Append(Op.Add, ValueType.Pointer, address, index), 0, 1);
            return builder.Append(Op.Add, ValueType.I64, builder.Load(ValueType.I64, address, offset, size), seen);
        },
        unchecked((long)0x8877665544332211), 9);

    private static void Check(Func<IrBuilder, Value, Value, Value> body, long a, long b)
    {
        var input = new byte[64];
        BitConverter.TryWriteBytes(input, a);
        BitConverter.TryWriteBytes(input.AsSpan(8), b);
        var packet = new byte[64];
        var expected = ModuleRun.Interpret(Make(body), input, packet);
        foreach (var disabled in (string[][])[[], [.. PassList.Names]])
        {
            using var runner = new KernelRunner(Compilation.Emit(Make(body), new CompilerOptions { DisabledPasses = disabled.ToHashSet() }));
            var zero = new byte[4];
            runner.Write("in", zero, input);
            runner.Write("out", zero, new byte[128]);
            Assert.Equal(expected.Result, runner.Run("main", packet));
            Assert.Equal(expected.Output, Convert.ToHexString(runner.Read("out", zero)!));
        }
    }

    private static Module Make(Func<IrBuilder, Value, Value, Value> body)
    {
        var function = new Function("main")
        {
            Kind = FunctionKind.Program,
            Section = "tc",
            ReturnType = ValueType.I32,
            ReturnDescription = new IntegerDescription("int", 4, true),
        };
        function.Parameters.Add(new Parameter("ctx", ValueType.Pointer, new PointerDescription(new StructDescription("__sk_buff", 0, []))));
        var builder = new IrBuilder(function);
        builder.Current = builder.NewBlock();
        var map = builder.MapValue(s_input);
        var result = body(builder, builder.Load(ValueType.I64, map, 0, 8), builder.Load(ValueType.I64, map, 8, 8));
        builder.Store(builder.MapValue(s_output), 0, 8, result);
        builder.Return(builder.Append(Op.Truncate, ValueType.I32, result));
        var module = new Module();
        module.Functions.Add(function);
        module.Maps.AddRange([s_input, s_output]);
        return module;
    }
}
