using System.Runtime.InteropServices;
using Weir.Bpf.Instructions;

namespace Weir.Bpf.Tests.Instructions;

public sealed class InstructionTests
{
    public static TheoryData<Instruction, string, string> Cases => new()
    {
        // Bytes as clang -mcpu=v3 encodes them.
        { Instruction.Move64(Register.R1, 5), "b701000005000000", "r1 = 5" },
        { Instruction.Move64(Register.R6, Register.R1), "bf16000000000000", "r6 = r1" },
        { Instruction.Move32(Register.R2, -1), "b4020000ffffffff", "w2 = -1" },
        { Instruction.Alu64(AluOperation.Add, Register.R2, Register.R3), "0f32000000000000", "r2 += r3" },
        { Instruction.Alu32(AluOperation.ShiftRightSigned, Register.R2, 3), "c402000003000000", "w2 s>>= 3" },
        { Instruction.Alu64(AluOperation.Divide, Register.R0, Register.R9), "3f90000000000000", "r0 /= r9" },
        { Instruction.Negate64(Register.R4), "8704000000000000", "r4 = -r4" },
        { Instruction.Negate32(Register.R4), "8404000000000000", "w4 = -w4" },
        { Instruction.ToBigEndian(Register.R1, 16), "dc01000010000000", "r1 = be16 r1" },
        { Instruction.ToLittleEndian(Register.R1, 64), "d401000040000000", "r1 = le64 r1" },
        { Instruction.Load(MemorySize.Word, Register.R1, Register.R2, 4), "6121040000000000", "r1 = *(u32 *)(r2 +4)" },
        { Instruction.Load(MemorySize.Byte, Register.R0, Register.R10, -1), "71a0ffff00000000", "r0 = *(u8 *)(r10 -1)" },
        { Instruction.Store(MemorySize.DoubleWord, Register.R10, -8, Register.R1), "7b1af8ff00000000", "*(u64 *)(r10 -8) = r1" },
        { Instruction.Store(MemorySize.Half, Register.R10, -8, 7), "6a0af8ff07000000", "*(u16 *)(r10 -8) = 7" },
        { Instruction.Atomic(AtomicOperation.Add, MemorySize.DoubleWord, Register.R1, 0, Register.R2), "db21000000000000", "lock *(u64 *)(r1 +0) += r2" },
        { Instruction.Atomic(AtomicOperation.FetchAdd, MemorySize.Word, Register.R1, 8, Register.R2), "c321080001000000", "r2 = atomic_fetch_add((u32 *)(r1 +8), r2)" },
        { Instruction.Atomic(AtomicOperation.CompareExchange, MemorySize.DoubleWord, Register.R1, 0, Register.R2), "db210000f1000000", "r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)" },
        { Instruction.Atomic(AtomicOperation.Exchange, MemorySize.DoubleWord, Register.R1, 0, Register.R2), "db210000e1000000", "r2 = atomic64_xchg((u64 *)(r1 +0), r2)" },
        { Instruction.Jump(-3), "0500fdff00000000", "goto pc-3" },
        { Instruction.Jump64(JumpCondition.Equal, Register.R1, 5, 2), "1501020005000000", "if r1 == 0x5 goto pc+2" },
        { Instruction.Jump64(JumpCondition.GreaterSigned, Register.R1, Register.R2, 2), "6d21020000000000", "if r1 s> r2 goto pc+2" },
        { Instruction.Jump32(JumpCondition.BitsSet, Register.R1, 1, 2), "4601020001000000", "if w1 & 0x1 goto pc+2" },
        { Instruction.Jump32(JumpCondition.LessOrEqual, Register.R1, Register.R0, 2), "be01020000000000", "if w1 <= w0 goto pc+2" },
        { Instruction.CallHelper(5), "8500000005000000", "call helper#5" },
        { Instruction.CallFunction(-2), "85100000feffffff", "call pc-2" },
        { Instruction.CallKfunc(77), "852000004d000000", "call kernel-function#77" },
        { Instruction.Exit(), "9500000000000000", "exit" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Is_encoded_and_printed_as_the_kernel_does(Instruction instruction, string bytes, string text)
    {
        Assert.Equal(bytes, Convert.ToHexStringLower(MemoryMarshal.AsBytes([instruction])));
        Assert.Equal(instruction, MemoryMarshal.Read<Instruction>(Convert.FromHexString(bytes)));
        Assert.Equal(text, instruction.ToString());
    }

    [Fact]
    public void Immediate_loads_take_two_instructions()
    {
        var (low, high) = Instruction.LoadImmediate64(Register.R3, 0x1122334455667788);
        Assert.Equal("18030000887766550000000044332211", Convert.ToHexStringLower(MemoryMarshal.AsBytes([low, high])));
        Assert.Equal("0: (18) r3 = 0x1122334455667788\n2: (95) exit\n", Instruction.Disassemble([low, high, Instruction.Exit()]));
    }

    [Fact]
    public void Refuses_what_cannot_be_encoded()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Instruction.ToBigEndian(Register.R1, 24));
        Assert.Throws<ArgumentOutOfRangeException>(() => Instruction.Atomic(AtomicOperation.Add, MemorySize.Half, Register.R1, 0, Register.R2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Instruction.Move64((Register)11, 0));
    }
}
