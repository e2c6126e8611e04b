using System.Runtime.InteropServices;

namespace Weir.Bpf.Instructions;

/// <summary>
/// One eBPF instruction as the kernel takes it: struct bpf_insn, 8 bytes, of cpu v3 (all that Linux 6.1 knows). Loads of 64-bit immediates are
/// two of these. Source: include/uapi/linux/bpf.h and Documentation/bpf/instruction-set.rst.
/// </summary>
/// <param name="Code">Opcode: class in the low three bits.</param>
/// <param name="Registers">Destination in the low, source in the high four bits.</param>
/// <param name="Offset">Displacement in bytes (memory) or in instructions from the next one (jumps).</param>
/// <param name="Immediate">Immediate operand, helper number or distance of a call.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly partial record struct Instruction(byte Code, byte Registers, short Offset, int Immediate)
{
    /// <summary>Its size in bytes.</summary>
    public const int Size = 8;

    private const byte ClassLoadImmediate = 0;
    private const byte ClassLoad = 1;
    private const byte ClassStoreImmediate = 2;
    private const byte ClassStore = 3;
    private const byte ClassAlu32 = 4;
    private const byte ClassJump64 = 5;
    private const byte ClassJump32 = 6;
    private const byte ClassAlu64 = 7;
    private const byte FromRegister = 0x08;
    private const byte ModeMemory = 0x60;
    private const byte ModeAtomic = 0xc0;
    private const byte CodeEnd = 0xd0;
    private const byte CodeJumpAlways = 0x05;
    private const byte CodeCall = 0x85;
    private const byte CodeExit = 0x95;
    private const byte CodeLoadImmediate64 = 0x18;
    private const byte CallFunctionSource = 1;
    private const byte CallKfuncSource = 2;

    public Register Destination => (Register)(Registers & 0xf);

    public Register Source => (Register)(Registers >> 4);

    /// <summary>The first half of a 64-bit immediate load; the next instruction is its second half.</summary>
    public bool IsLoadImmediate64 => Code == CodeLoadImmediate64;

    /// <summary>A call of a function of this program.</summary>
    public bool IsFunctionCall => Code == CodeCall && (byte)Source == CallFunctionSource;

    /// <summary>A call of a kernel function.</summary>
    public bool IsKfuncCall => Code == CodeCall && (byte)Source == CallKfuncSource;

    /// <summary>A jump (conditional or not), without calls and exits.</summary>
    public bool IsJump => (Code & 7) is ClassJump64 or ClassJump32 && Code is not (CodeCall or CodeExit);

    public static Instruction Alu64(AluOperation operation, Register destination, Register source) =>
        Make(ClassAlu64 | FromRegister | (byte)operation, destination, (byte)source, 0, 0);

    public static Instruction Alu64(AluOperation operation, Register destination, int immediate) =>
        Make(ClassAlu64 | (byte)operation, destination, 0, 0, immediate);

    /// <summary>32-bit arithmetic; the destination's upper half becomes zero.</summary>
    public static Instruction Alu32(AluOperation operation, Register destination, Register source) =>
        Make(ClassAlu32 | FromRegister | (byte)operation, destination, (byte)source, 0, 0);

    /// <inheritdoc cref="Alu32(AluOperation, Register, Register)"/>
    public static Instruction Alu32(AluOperation operation, Register destination, int immediate) =>
        Make(ClassAlu32 | (byte)operation, destination, 0, 0, immediate);

    public static Instruction Move64(Register destination, Register source) => Alu64(AluOperation.Move, destination, source);

    /// <summary>Moves an immediate, sign-extended to 64 bits.</summary>
    public static Instruction Move64(Register destination, int immediate) => Alu64(AluOperation.Move, destination, immediate);

    public static Instruction Move32(Register destination, Register source) => Alu32(AluOperation.Move, destination, source);

    public static Instruction Move32(Register destination, int immediate) => Alu32(AluOperation.Move, destination, immediate);

    public static Instruction Negate64(Register destination) => Alu64(AluOperation.Negate, destination, 0);

    public static Instruction Negate32(Register destination) => Alu32(AluOperation.Negate, destination, 0);

    /// <summary>The low 16, 32 or 64 bits between host and big-endian order, zero-extended: a swap of bytes on little-endian machines.</summary>
    public static Instruction ToBigEndian(Register destination, int bits) => End(destination, bits, FromRegister);

    /// <summary>The low 16, 32 or 64 bits between host and little-endian order, zero-extended: a truncation on little-endian machines.</summary>
    public static Instruction ToLittleEndian(Register destination, int bits) => End(destination, bits, 0);

    /// <summary>destination = *(source + offset), zero-extended.</summary>
    public static Instruction Load(MemorySize size, Register destination, Register source, short offset) =>
        Make(ClassLoad | ModeMemory | (byte)size, destination, (byte)source, offset, 0);

    /// <summary>*(destination + offset) = source.</summary>
    public static Instruction Store(MemorySize size, Register destination, short offset, Register source) =>
        Make(ClassStore | ModeMemory | (byte)size, destination, (byte)source, offset, 0);

    /// <summary>*(destination + offset) = immediate (sign-extended for 8 bytes).</summary>
    public static Instruction Store(MemorySize size, Register destination, short offset, int immediate) =>
        Make(ClassStoreImmediate | ModeMemory | (byte)size, destination, 0, offset, immediate);

    /// <summary>Atomic operation on the 4 or 8 bytes at destination + offset.</summary>
    public static Instruction Atomic(AtomicOperation operation, MemorySize size, Register destination, short offset, Register source)
    {
        if (size is not (MemorySize.Word or MemorySize.DoubleWord)) throw new ArgumentOutOfRangeException(nameof(size), size, "atomics are 4 or 8 bytes wide");
        return Make(ClassStore | ModeAtomic | (byte)size, destination, (byte)source, offset, (int)operation);
    }

    /// <summary>Jump over <paramref name="offset"/> instructions.</summary>
    public static Instruction Jump(short offset) => new(CodeJumpAlways, 0, offset, 0);

    /// <summary>Jump if the condition holds between 64-bit registers.</summary>
    public static Instruction Jump64(JumpCondition condition, Register left, Register right, short offset) =>
        Make(ClassJump64 | FromRegister | (byte)condition, left, (byte)right, offset, 0);

    /// <summary>Jump if the condition holds between a 64-bit register and a sign-extended immediate.</summary>
    public static Instruction Jump64(JumpCondition condition, Register left, int right, short offset) =>
        Make(ClassJump64 | (byte)condition, left, 0, offset, right);

    /// <summary>Jump if the condition holds between the low halves.</summary>
    public static Instruction Jump32(JumpCondition condition, Register left, Register right, short offset) =>
        Make(ClassJump32 | FromRegister | (byte)condition, left, (byte)right, offset, 0);

    /// <summary>Jump if the condition holds between the low half and an immediate.</summary>
    public static Instruction Jump32(JumpCondition condition, Register left, int right, short offset) =>
        Make(ClassJump32 | (byte)condition, left, 0, offset, right);

    /// <summary>Call of a helper by number (enum bpf_func_id).</summary>
    public static Instruction CallHelper(int id) => new(CodeCall, 0, 0, id);

    /// <summary>Call of a function of this program; the distance is in instructions from the next one.</summary>
    public static Instruction CallFunction(int distance) => new(CodeCall, CallFunctionSource << 4, 0, distance);

    /// <summary>Call of a kernel function; the loader fills in its BTF id by a relocation.</summary>
    public static Instruction CallKfunc(int typeId = 0) => new(CodeCall, CallKfuncSource << 4, 0, typeId);

    public static Instruction Exit() => new(CodeExit, 0, 0, 0);

    /// <summary>First half of a 64-bit immediate load; see <see cref="LoadImmediate64High"/>.</summary>
    public static Instruction LoadImmediate64Low(Register destination, PseudoSource source, int low) =>
        Make(CodeLoadImmediate64, destination, (byte)source, 0, low);

    /// <summary>Second half of a 64-bit immediate load: the constant's upper half, or the offset into a map's value.</summary>
    public static Instruction LoadImmediate64High(int high) => new(0, 0, 0, high);

    /// <summary>Both halves of the load of a 64-bit constant.</summary>
    public static (Instruction Low, Instruction High) LoadImmediate64(Register destination, ulong value) =>
        (LoadImmediate64Low(destination, PseudoSource.Constant, (int)value), LoadImmediate64High((int)(value >> 32)));

    /// <summary>Both halves of the load of a map; the loader fills in the descriptor by a relocation.</summary>
    public static (Instruction Low, Instruction High) LoadMap(Register destination, int descriptor = 0) =>
        (LoadImmediate64Low(destination, PseudoSource.MapDescriptor, descriptor), LoadImmediate64High(0));

    /// <summary>Both halves of the load of an address in a map's first value; the loader fills in the descriptor by a relocation.</summary>
    public static (Instruction Low, Instruction High) LoadMapValue(Register destination, int offset, int descriptor = 0) =>
        (LoadImmediate64Low(destination, PseudoSource.MapValue, descriptor), LoadImmediate64High(offset));

    /// <summary>Both halves of the load of a function's address; the distance is in instructions from the one after the first half, as for calls.</summary>
    public static (Instruction Low, Instruction High) LoadFunction(Register destination, int distance) =>
        (LoadImmediate64Low(destination, PseudoSource.Function, distance), LoadImmediate64High(0));

    private static Instruction End(Register destination, int bits, byte source)
    {
        if (bits is not (16 or 32 or 64)) throw new ArgumentOutOfRangeException(nameof(bits), bits, "16, 32 or 64 bits");
        return Make(ClassAlu32 | CodeEnd | source, destination, 0, 0, bits);
    }

    private static Instruction Make(int code, Register destination, byte source, short offset, int immediate)
    {
        if (destination > Register.R10 || source > (byte)Register.R10) throw new ArgumentOutOfRangeException(nameof(destination), "registers are R0 to R10");
        return new Instruction((byte)code, (byte)((byte)destination | (source << 4)), offset, immediate);
    }
}
