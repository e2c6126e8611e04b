namespace Weir.Bpf.Instructions;

/// <summary>Condition of a jump (high four bits of an opcode of class JMP or JMP32, include/uapi/linux/bpf.h).</summary>
public enum JumpCondition : byte
{
    Equal = 0x10,
    Greater = 0x20,
    GreaterOrEqual = 0x30,
    BitsSet = 0x40,
    NotEqual = 0x50,
    GreaterSigned = 0x60,
    GreaterOrEqualSigned = 0x70,
    Less = 0xa0,
    LessOrEqual = 0xb0,
    LessSigned = 0xc0,
    LessOrEqualSigned = 0xd0,
}
