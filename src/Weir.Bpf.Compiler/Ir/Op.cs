namespace Weir.Bpf.Compiler.Ir;

/// <summary>
/// What a value of the intermediate form does. Arithmetic works on values of its own type: both operands and the result of an I32 operation are
/// I32, and wrap at 32 bits. Results of I32 operations have an undefined upper half unless <see cref="ZeroExtend"/> says otherwise.
/// </summary>
public enum Op
{
    // Leaves.
    /// <summary>A constant: <see cref="Value.Immediate"/> (for I32 sign-extended).</summary>
    Constant,
    /// <summary>The function's parameter number <see cref="Value.Immediate"/>.</summary>
    Parameter,
    /// <summary>The address of a stack slot (<see cref="Value.Symbol"/> is a <see cref="StackSlot"/>) plus <see cref="Value.Immediate"/>.</summary>
    StackAddress,
    /// <summary>A map as a helper's argument (<see cref="Value.Symbol"/> is a <see cref="MapSymbol"/>).</summary>
    MapReference,
    /// <summary>The address of a data map's only value (<see cref="MapSymbol"/>), plus <see cref="Value.Immediate"/>.</summary>
    MapValueAddress,
    /// <summary>The address of a function (<see cref="Function"/>), for helpers that call back.</summary>
    FunctionAddress,

    /// <summary>One operand a predecessor, in the order of <see cref="Block.Predecessors"/>. First in their block.</summary>
    Phi,

    // Arithmetic: two operands, unless said otherwise. Shift counts are taken modulo the width, as C# does.
    Add, Subtract, Multiply,
    /// <summary>Division and remainder. By zero, C# throws; here the quotient is 0 and the remainder the dividend (as BPF has it).</summary>
    DivideUnsigned, DivideSigned, RemainderUnsigned, RemainderSigned,
    And, Or, Xor, ShiftLeft, ShiftRightUnsigned, ShiftRightSigned,
    /// <summary>One operand.</summary>
    Negate,

    // Conversions: one operand, of any integer type.
    /// <summary>The operand's low <see cref="Value.Size"/> bytes (1, 2, 4), zero-extended to the type.</summary>
    ZeroExtend,
    /// <summary>The operand's low <see cref="Value.Size"/> bytes (1, 2, 4), sign-extended to the type.</summary>
    SignExtend,
    /// <summary>An I64 operand's low half as I32.</summary>
    Truncate,
    /// <summary>The operand's low <see cref="Value.Size"/> bytes (2, 4, 8) in reverse order, zero-extended to the type.</summary>
    SwapBytes,

    /// <summary>Compares two operands of one type by <see cref="Value.Comparison"/>: I32, 0 or 1.</summary>
    Compare,

    // Memory. The address is operand 0, the byte offset is Immediate, the width is Size.
    /// <summary>Loads <see cref="Value.Size"/> bytes, zero-extended to the type. Type Pointer: 8 bytes, except from a context (<see cref="Value.IsContextPointer"/>), where 4 bytes become a pointer.</summary>
    Load,
    /// <summary>Stores the low <see cref="Value.Size"/> bytes of operand 1.</summary>
    Store,
    /// <summary>Zeroes <see cref="Value.Size"/> bytes (any number) at the address.</summary>
    ZeroMemory,
    /// <summary>Copies <see cref="Value.Size"/> bytes (any number) from operand 1's address (plus <see cref="Value.Immediate2"/>) to operand 0's (plus Immediate). They do not overlap unless equal.</summary>
    CopyMemory,
    /// <summary>Atomic on 4 or 8 bytes; operand 1 is the value. Result: the old value (type Void: not wanted).</summary>
    AtomicAdd, AtomicAnd, AtomicOr, AtomicXor, AtomicExchange,
    /// <summary>Operand 1 is the expected, operand 2 the new value. Result: the old value.</summary>
    AtomicCompareExchange,

    // Calls. Operands are the arguments, at most five.
    /// <summary>Helper number <see cref="Value.Immediate"/>. <see cref="Value.Symbol"/> may be a <see cref="HelperSymbol"/> with its properties.</summary>
    CallHelper,
    /// <summary>A kernel function (<see cref="Value.Symbol"/> is its name).</summary>
    CallKfunc,
    /// <summary>A function of this module (<see cref="Value.Symbol"/> is a <see cref="Function"/>).</summary>
    CallFunction,

    // Terminators: last in their block, type Void.
    /// <summary>To <see cref="Block.Successors"/>[0].</summary>
    Jump,
    /// <summary>Compares operands 0 and 1 (of one type) by <see cref="Value.Comparison"/>; true to Successors[0], false to Successors[1].</summary>
    Branch,
    /// <summary>Returns operand 0, or nothing.</summary>
    Return,
}

/// <summary>How two operands compare.</summary>
public enum Comparison
{
    Equal, NotEqual,
    LessUnsigned, LessOrEqualUnsigned, GreaterUnsigned, GreaterOrEqualUnsigned,
    LessSigned, LessOrEqualSigned, GreaterSigned, GreaterOrEqualSigned,
    /// <summary>Operand 0 AND operand 1 is not zero.</summary>
    BitsSet,
    /// <summary>Operand 0 AND operand 1 is zero (lowered to <see cref="BitsSet"/> with the targets exchanged).</summary>
    BitsClear,
}

/// <summary>A value's type.</summary>
public enum ValueType
{
    Void,
    I32,
    I64,
    /// <summary>64 bits that are an address, a context or a map: never through 32-bit operations, spilled whole. Pointer plus I64 is Pointer; Pointer minus Pointer is I64.</summary>
    Pointer,
}
