using System.Text;
using Weir.Bpf.Btf;
using Weir.Bpf.Instructions;
using Weir.Bpf.Objects;

namespace Weir.Bpf.Compiler;

/// <summary>A program's instructions under the lines of C# that they come from.</summary>
internal static class CodeListing
{
    public static string Of(ObjectFile file, ProgramDefinition program)
    {
        var text = new StringBuilder($"{program.Name} ({program.Section})\n");
        var lines = program.Lines.ToDictionary(l => l.InstructionIndex);
        var targets = program.Relocations.ToDictionary(r => r.InstructionIndex, r => r.Target);
        var number = 0;
        foreach (var instruction in Instruction.Disassemble(program.Instructions).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            number = int.Parse(instruction.AsSpan(0, instruction.IndexOf(':')));
            if (lines.TryGetValue(number, out var line))
            {
                text.Append($"; {BtfStrings.Read(file.Btf, line.FileOffset)}:{line.Line}: {BtfStrings.Read(file.Btf, line.TextOffset)}\n");
            }

            text.Append(instruction).Append(targets.TryGetValue(number, out var target) ? $" ; {target}" : "").Append('\n');
        }

        return text.ToString();
    }
}
