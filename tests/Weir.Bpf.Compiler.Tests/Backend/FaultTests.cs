using Weir.Bpf.Compiler.Emit;
using Weir.Bpf.Compiler.Ir;
using Weir.Bpf.Compiler.Passes;

namespace Weir.Bpf.Compiler.Tests.Backend;

/// <summary>Deliberate faults, one a pass: each must be noticed by the comparison of generated modules, or that comparison proves nothing.</summary>
public sealed class FaultTests
{
    private const int Modules = 60;
    private const int InputsPerModule = 3;

    /// <summary>What each pass gets wrong; the result says whether there was something to get wrong.</summary>
    private static readonly Dictionary<string, Func<Function, bool>> s_faults = new()
    {
        ["branch-folding"] = f => First(f, v => v.Op == Op.Branch, v => v.Comparison = Edit.Opposite(v.Comparison)),
        ["block-straightening"] = f => Remove(f, v => v.Op is Op.Store or Op.AtomicAdd && v.Type == ValueType.Void),
        ["copy-propagation"] = f => First(f, v => v.Op == Op.Phi && v.Operands.Distinct().Count() > 1, v => Same(v, v.Operands[0])),
        ["simplification"] = f => First(f, v => v.Op == Op.Constant && v.Type == ValueType.I32, v => v.Immediate++),
        ["compare-fusion"] = f => First(f, v => v.Op == Op.Branch && v.Comparison == Comparison.Equal, v => v.Comparison = Comparison.LessOrEqualUnsigned),
        ["phi-flattening"] = f => First(f, v => v.Op == Op.Phi && v.Operands.Count > 2 && v.Operands.Distinct().Count() > 1, v => Same(v, v.Operands[^1])),
        ["phi-branching"] = f => First(f, v => v.Op == Op.Phi && v.Operands.Count == 2 && Exchangeable(v), v => v.Operands.Reverse()),
        ["address-folding"] = f => First(f, v => v.Op is Op.Load && v.Immediate > 0 && v.Size == 8, v => v.Immediate -= 8),
        ["dead-code"] = f => Remove(f, v => v.Op == Op.Store),
        ["slot-promotion"] = f => First(f, v => v.Op == Op.Phi && v.Operands.Distinct().Count() > 1, v => Same(v, v.Operands[^1])),
        ["memory-forwarding"] = f => First(f, v => v.Op == Op.Load && v.Type == ValueType.I64 && v.Operands[0].Op != Op.Parameter, Zero),
        ["dead-stores"] = f => Remove(f, v => v.Op is Op.Store or Op.ZeroMemory or Op.CopyMemory && v.Operands[0].Op == Op.StackAddress),
        ["value-numbering"] = f => First(f, v => v.Op is Op.Xor or Op.And or Op.Multiply, v => v.Operands[1] = v.Operands[0]),
        ["signed-division"] = f => First(f, v => v.Op == Op.Xor, v => v.Op = Op.Or),
        ["critical-edges"] = f => First(f, v => v.Op == Op.Phi && v.Operands.Count == 2 && Exchangeable(v), v => v.Operands.Reverse()),
    };

    /// <summary>Faults of the parts after the passes, seen only by the kernel's run.</summary>
    private static readonly Dictionary<string, Func<MachineFunction, bool>> s_machineFaults = new()
    {
        ["lowering extends with the sign"] = f => Change(f, i => i is { Kind: MachineKind.Alu, Operation: Isa.ShiftRight }, i => i.Operation = Isa.ShiftRightSigned),
        ["lowering drops a width"] = f => Change(f, i => i is { Kind: MachineKind.Alu, Is64: true, Operation: Isa.Add, Source: >= 0 and not 10 }, i => i.Is64 = false),
        ["the allocator loses a copy"] = f => Change(f, i => i.IsMove, i => i.Source = i.Destination),
        ["the allocator reloads from the wrong slot"] = f =>
            f.Slots.Where(s => RegisterAllocator.IsSpill(s)).ToArray() is [var a, .., var b]
            && Change(f, i => i.Kind == MachineKind.Load && ReferenceEquals(i.Symbol, a), i => i.Symbol = b),
        ["slots overlap"] = f =>
        {
            var slots = f.SlotOffsets.Keys.ToArray();
            if (slots.Length < 2)
            {
                return false;
            }

            f.SlotOffsets[slots[0]] = f.SlotOffsets[slots[1]];
            return true;
        },
        ["a branch goes the wrong way"] = f =>
        {
            var block = f.Blocks.Find(b => b.Successors.Count == 2);
            block?.Successors.Reverse();
            return block is not null;
        },
        ["unequal blocks are merged"] = f =>
        {
            var blocks = f.Blocks.Where(b => b.Successors.Count == 1 && b.Instructions.Count > 1).ToArray();
            if (blocks.Length < 2)
            {
                return false;
            }

            blocks[1].Instructions.Clear();
            blocks[1].Instructions.AddRange(blocks[0].Instructions);
            return true;
        },
    };

    public static TheoryData<string> Faults => [.. s_faults.Keys];

    public static TheoryData<string> MachineFaults => [.. s_machineFaults.Keys];

    [Fact]
    public void Every_pass_has_a_fault()
    {
        Assert.Empty(PassList.Names.Except([.. s_faults.Keys, PassList.EqualBlockMerging]));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_of_a_pass_is_noticed(string pass)
    {
        for (var seed = 0; seed < Modules; seed++)
        {
            var module = RandomModule.Make(seed);
            var isDone = false;
            var options = new CompilerOptions
            {
                AfterPass = (name, function) => isDone = isDone || (name == pass && function.Name == "main" && s_faults[pass](function)),
            };
            try
            {
                Compilation.Compile(module, options);
                if (isDone && Enumerable.Range(seed, InputsPerModule).Any(i => Interpret(RandomModule.Make(seed), i) != Interpret(module, i)))
                {
                    return;
                }
            }
            catch (InvalidOperationException) when (isDone)
            {
                // The checker, or a later part that found no sense in it.
                return;
            }
        }

        Assert.Fail($"{Modules} modules do not notice what {pass} gets wrong");
    }

    [Theory]
    [MemberData(nameof(MachineFaults))]
    public void A_fault_after_the_passes_is_noticed(string fault)
    {
        for (var seed = 0; seed < Modules; seed++)
        {
            var isDone = false;
            var options = new CompilerOptions
            {
                AfterAllocation = function => isDone = isDone || (function.Source.Name == "main" && s_machineFaults[fault](function)),
            };
            var file = Compilation.Emit(RandomModule.Make(seed), options);
            if (!isDone)
            {
                continue;
            }

            try
            {
                using var runner = new KernelRunner(file);
                for (var i = seed; i < seed + InputsPerModule; i++)
                {
                    var (input, packet) = RandomModule.Inputs(i);
                    if (ModuleRun.InKernel(runner, input, packet) != Interpret(RandomModule.Make(seed), i))
                    {
                        return;
                    }
                }
            }
            catch (VerifierException)
            {
                return;
            }
        }

        Assert.Fail($"{Modules} modules do not notice that {fault}");
    }

    private static ModuleRun Interpret(Module module, int inputSeed)
    {
        var (input, packet) = RandomModule.Inputs(inputSeed);
        return ModuleRun.Interpret(module, input, packet);
    }

    private static bool First(Function function, Func<Value, bool> condition, Action<Value> change)
    {
        // The last one: closest to the results, so the fault is seen, not masked.
        var value = function.Blocks.SelectMany(b => b.Values).LastOrDefault(condition);
        if (value is not null)
        {
            change(value);
        }

        return value is not null;
    }

    private static bool Remove(Function function, Func<Value, bool> condition) => First(function, condition, v => v.Block!.Values.Remove(v));

    private static void Same(Value phi, Value operand)
    {
        for (var i = 0; i < phi.Operands.Count; i++)
        {
            phi.Operands[i] = operand;
        }
    }

    /// <summary>Operands that are defined early enough to stand on either edge.</summary>
    private static bool Exchangeable(Value phi) => phi.Operands.TrueForAll(o => o.Op == Op.Constant || o.Block == phi.Operands[0].Block) && phi.Operands[0] != phi.Operands[1];

    private static void Zero(Value value)
    {
        value.Op = Op.Constant;
        value.Operands.Clear();
        value.Immediate = 0;
        value.Size = 0;
    }

    private static bool Change(MachineFunction function, Func<MachineInstruction, bool> condition, Action<MachineInstruction> change)
    {
        var instruction = function.Blocks.SelectMany(b => b.Instructions).LastOrDefault(condition);
        if (instruction is not null)
        {
            change(instruction);
        }

        return instruction is not null;
    }
}
