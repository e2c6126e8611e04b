using Weir.Bpf.Btf;
using Weir.Bpf.Kernel;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Loading;

/// <summary>
/// A program that the verifier refused. The message has two lines: the verifier's complaint, and the place in the C# source. <see cref="Log"/> is all
/// that the verifier said.
/// </summary>
public sealed class VerifierException : BpfException
{
    private static readonly string[] s_notes =
    [
        "processed ", "verification time ", "stack depth ", ";", "from ", "mark_precise", "last_idx", "regs=", "parent ", "func#", "Validating ", "Func#", "max_states",
    ];

    private VerifierException(string program, Errno errno, string complaint, string place, string log)
        : base($"load program '{program}'", errno, $"load program '{program}': {complaint} ({errno})\n  {place}")
    {
        Complaint = complaint;
        Place = place;
        Log = log;
    }

    public string Complaint { get; }

    /// <summary><c>at FILE:LINE: TEXT</c>, or what else is known of the place.</summary>
    public string Place { get; }

    public string Log { get; }

    internal static VerifierException Create(ProgramDefinition program, ReadOnlySpan<byte> btf, Errno errno, string log)
    {
        // The last printed instruction is the one at fault, unless the complaint names another.
        var complaint = "";
        var instruction = -1;
        foreach (var line in log.AsSpan().EnumerateLines())
        {
            if (TryReadNumber(line, out var number, out var rest) && rest.StartsWith(": (")) instruction = number;
            else if (IsComplaint(line)) complaint = line.ToString();
        }
        var named = complaint.IndexOf("insn ");
        if (named >= 0 && TryReadNumber(complaint.AsSpan(named + 5).TrimStart('#'), out var other, out _)) instruction = other;
        if (complaint.Length == 0) complaint = "the kernel refused it without a word";
        return new VerifierException(program.Name, errno, complaint, FindPlace(program, btf, instruction), log);
    }

    /// <summary>Neither statistics nor source lines, states, and notes on loops and precision.</summary>
    private static bool IsComplaint(ReadOnlySpan<char> line)
    {
        if (line.IsWhiteSpace() || (TryReadNumber(line, out _, out var rest) && rest.StartsWith(":"))) return false;
        if (line[0] == 'R' && TryReadNumber(line[1..], out _, out rest) && (rest.StartsWith("=") || rest.StartsWith("_"))) return false;
        foreach (var note in s_notes)
        {
            if (line.StartsWith(note)) return false;
        }
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, out int number, out ReadOnlySpan<char> rest)
    {
        var length = text.IndexOfAnyExceptInRange('0', '9');
        if (length < 0) length = text.Length;
        rest = text[length..];
        return int.TryParse(text[..length], out number);
    }

    private static string FindPlace(ProgramDefinition program, ReadOnlySpan<byte> btf, int instruction)
    {
        if (instruction < 0) return $"in section '{program.Section}'";
        for (var i = program.Lines.Length - 1; i >= 0; i--)
        {
            var line = program.Lines[i];
            if (line.InstructionIndex > instruction) continue;
            return $"at {BtfStrings.Read(btf, line.FileOffset)}:{line.Line}: {BtfStrings.Read(btf, line.TextOffset).Trim()} (instruction {instruction})";
        }
        return $"at instruction {instruction} (there is no line information)";
    }
}
