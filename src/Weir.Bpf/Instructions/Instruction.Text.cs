using System.Text;

namespace Weir.Bpf.Instructions;

// The text of instructions, as the kernel's verifier log prints them (kernel/bpf/disasm.c).
public readonly partial record struct Instruction
{
    private static readonly string[] s_sizes = ["u32", "u16", "u8", "u64"];

    /// <summary>The instruction alone; of a 64-bit immediate load only the first half.</summary>
    public override string ToString() => Text(null);

    /// <summary>One line an instruction (or pair), each with its index, as in the verifier's log.</summary>
    public static string Disassemble(ReadOnlySpan<Instruction> instructions)
    {
        var text = new StringBuilder();
        for (var i = 0; i < instructions.Length; i++)
        {
            var instruction = instructions[i];
            Instruction? high = instruction.IsLoadImmediate64 && i + 1 < instructions.Length ? instructions[i + 1] : null;
            text.Append(i).Append(": (").Append(instruction.Code.ToString("x2")).Append(") ").Append(instruction.Text(high)).Append('\n');
            if (high != null) i++;
        }
        return text.ToString();
    }

    private string Text(Instruction? high)
    {
        var size = s_sizes[(Code >> 3) & 3];
        switch (Code & 7)
        {
            case ClassAlu32:
            case ClassAlu64:
                return AluText();
            case ClassLoad when (Code & 0xe0) == ModeMemory:
                return $"r{(int)Destination} = *({size} *)(r{(int)Source} {Signed(Offset)})";
            case ClassStore when (Code & 0xe0) == ModeMemory:
                return $"*({size} *)(r{(int)Destination} {Signed(Offset)}) = r{(int)Source}";
            case ClassStore when (Code & 0xe0) == ModeAtomic:
                return AtomicText(size);
            case ClassStoreImmediate when (Code & 0xe0) == ModeMemory:
                return $"*({size} *)(r{(int)Destination} {Signed(Offset)}) = {Immediate}";
            case ClassJump32:
            case ClassJump64:
                return JumpText();
            case ClassLoadImmediate when Code == CodeLoadImmediate64:
                return LoadImmediateText(high);
            default:
                return $"BUG_{Code:x2}";
        }
    }

    private string AluText()
    {
        var letter = (Code & 7) == ClassAlu64 ? 'r' : 'w';
        var operation = Code & 0xf0;
        var target = $"{letter}{(int)Destination}";
        if (operation == CodeEnd) return $"r{(int)Destination} = {((Code & FromRegister) != 0 ? "be" : "le")}{Immediate} r{(int)Destination}";
        if (operation == (int)AluOperation.Negate) return $"{target} = -{target}";
        var sign = (AluOperation)operation switch
        {
            AluOperation.Add => "+=",
            AluOperation.Subtract => "-=",
            AluOperation.Multiply => "*=",
            AluOperation.Divide => "/=",
            AluOperation.Or => "|=",
            AluOperation.And => "&=",
            AluOperation.ShiftLeft => "<<=",
            AluOperation.ShiftRight => ">>=",
            AluOperation.Remainder => "%=",
            AluOperation.Xor => "^=",
            AluOperation.Move => "=",
            AluOperation.ShiftRightSigned => "s>>=",
            _ => null,
        };
        if (sign == null) return $"BUG_{Code:x2}";
        return (Code & FromRegister) != 0 ? $"{target} {sign} {letter}{(int)Source}" : $"{target} {sign} {Immediate}";
    }

    private string AtomicText(string size)
    {
        var place = $"({size} *)(r{(int)Destination} {Signed(Offset)})";
        var width = size == "u64" ? "64" : "";
        var source = $"r{(int)Source}";
        return (AtomicOperation)Immediate switch
        {
            AtomicOperation.Add => $"lock *{place} += {source}",
            AtomicOperation.Or => $"lock *{place} |= {source}",
            AtomicOperation.And => $"lock *{place} &= {source}",
            AtomicOperation.Xor => $"lock *{place} ^= {source}",
            AtomicOperation.FetchAdd => $"{source} = atomic{width}_fetch_add({place}, {source})",
            AtomicOperation.FetchOr => $"{source} = atomic{width}_fetch_or({place}, {source})",
            AtomicOperation.FetchAnd => $"{source} = atomic{width}_fetch_and({place}, {source})",
            AtomicOperation.FetchXor => $"{source} = atomic{width}_fetch_xor({place}, {source})",
            AtomicOperation.Exchange => $"{source} = atomic{width}_xchg({place}, {source})",
            AtomicOperation.CompareExchange => $"r0 = atomic{width}_cmpxchg({place}, r0, {source})",
            _ => $"BUG_{Code:x2}",
        };
    }

    private string JumpText()
    {
        if (Code == CodeExit) return "exit";
        if (Code == CodeJumpAlways) return $"goto pc{Signed(Offset)}";
        if (Code == CodeCall)
        {
            return (byte)Source switch
            {
                CallFunctionSource => $"call pc{Signed(Immediate)}",
                CallKfuncSource => $"call kernel-function#{Immediate}",
                _ => $"call helper#{Immediate}",
            };
        }
        var letter = (Code & 7) == ClassJump64 ? 'r' : 'w';
        var sign = (JumpCondition)(Code & 0xf0) switch
        {
            JumpCondition.Equal => "==",
            JumpCondition.Greater => ">",
            JumpCondition.GreaterOrEqual => ">=",
            JumpCondition.BitsSet => "&",
            JumpCondition.NotEqual => "!=",
            JumpCondition.GreaterSigned => "s>",
            JumpCondition.GreaterOrEqualSigned => "s>=",
            JumpCondition.Less => "<",
            JumpCondition.LessOrEqual => "<=",
            JumpCondition.LessSigned => "s<",
            JumpCondition.LessOrEqualSigned => "s<=",
            _ => null,
        };
        if (sign == null) return $"BUG_{Code:x2}";
        var right = (Code & FromRegister) != 0 ? $"{letter}{(int)Source}" : $"0x{Immediate:x}";
        return $"if {letter}{(int)Destination} {sign} {right} goto pc{Signed(Offset)}";
    }

    private string LoadImmediateText(Instruction? high)
    {
        var target = $"r{(int)Destination}";
        var upper = high?.Immediate ?? 0;
        return (PseudoSource)(byte)Source switch
        {
            PseudoSource.Constant => $"{target} = 0x{((ulong)(uint)upper << 32) | (uint)Immediate:x}",
            PseudoSource.MapDescriptor => $"{target} = map[fd:{Immediate}]",
            PseudoSource.MapValue => $"{target} = map[fd:{Immediate}][0]+{upper}",
            PseudoSource.Function => $"{target} = subprog[{Signed(Immediate)}]",
            _ => $"BUG_{Code:x2}",
        };
    }

    private static string Signed(int value) => value < 0 ? value.ToString() : $"+{value}";
}
