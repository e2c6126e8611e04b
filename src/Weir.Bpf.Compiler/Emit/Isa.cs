namespace Weir.Bpf.Compiler.Emit;

/// <summary>Parts of instruction codes (include/uapi/linux/bpf.h, bpf_common.h).</summary>
internal static class Isa
{
    // Arithmetic (high four bits of the code).
    public const byte Add = 0x00;
    public const byte Subtract = 0x10;
    public const byte Multiply = 0x20;
    public const byte Divide = 0x30;
    public const byte Or = 0x40;
    public const byte And = 0x50;
    public const byte ShiftLeft = 0x60;
    public const byte ShiftRight = 0x70;
    public const byte Negate = 0x80;
    public const byte Modulo = 0x90;
    public const byte Xor = 0xA0;
    public const byte Move = 0xB0;
    public const byte ShiftRightSigned = 0xC0;
    /// <summary>To big-endian: a swap on the little-endian machines that we run on.</summary>
    public const byte End = 0xD0;

    // Jumps.
    public const byte Jump = 0x00;
    public const byte Equal = 0x10;
    public const byte Greater = 0x20;
    public const byte GreaterOrEqual = 0x30;
    public const byte BitsSet = 0x40;
    public const byte NotEqual = 0x50;
    public const byte GreaterSigned = 0x60;
    public const byte GreaterOrEqualSigned = 0x70;
    public const byte Call = 0x80;
    public const byte Exit = 0x90;
    public const byte Less = 0xA0;
    public const byte LessOrEqual = 0xB0;
    public const byte LessSigned = 0xC0;
    public const byte LessOrEqualSigned = 0xD0;

    // Classes.
    public const byte ClassLoad = 0x00;
    public const byte ClassLoadX = 0x01;
    public const byte ClassStore = 0x02;
    public const byte ClassStoreX = 0x03;
    public const byte ClassAlu = 0x04;
    public const byte ClassJump = 0x05;
    public const byte ClassJump32 = 0x06;
    public const byte ClassAlu64 = 0x07;

    public const byte SourceRegister = 0x08;
    public const byte ToBigEndian = 0x08;
    public const byte ModeMemory = 0x60;
    public const byte ModeAtomic = 0xC0;
    public const byte DoubleWord = 0x18;

    // Atomics (immediate).
    public const int Fetch = 0x01;
    public const int Exchange = 0xE1;
    public const int CompareExchange = 0xF1;

    // Meanings of the source register of a 64-bit immediate load and of a call.
    public const byte PseudoMapFd = 1;
    public const byte PseudoMapValue = 2;
    public const byte PseudoFunction = 4;
    public const byte PseudoCall = 1;
    public const byte PseudoKfuncCall = 2;

    /// <summary>The code bits of a memory access of this many bytes.</summary>
    public static byte Width(int size) => size switch { 1 => 0x10, 2 => 0x08, 4 => 0x00, _ => DoubleWord };
}
