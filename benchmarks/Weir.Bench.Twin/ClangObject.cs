using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Weir.Bpf.Instructions;
using Weir.Bpf.Objects;

namespace Weir.Bench.Twin;

/// <summary>What clang makes for eBPF (ELF64, little-endian): one section of code with relocations to maps by name. No more is read.</summary>
internal static class ClangObject
{
    private const int SectionHeader = 64;
    private const int Symbol = 24;
    private const int RelocationEntry = 16;

    /// <summary>The program of a section, with the maps named as <paramref name="mapNameOf"/> says.</summary>
    public static ProgramDefinition Read(byte[] file, string section, Func<string, string> mapNameOf)
    {
        var headers = (int)U64(file, 40);
        var count = U16(file, 60);
        var names = Section(U16(file, 62));
        var code = Named(section);
        var instructions = MemoryMarshal.Cast<byte, Instruction>(file.AsSpan(code.Offset, code.Size)).ToArray();
        var relocations = new List<Relocation>();
        var entries = Named(".rel" + section);
        var symbols = Section(entries.Link);
        var strings = Section(symbols.Link);
        for (var at = entries.Offset; at < entries.Offset + entries.Size; at += RelocationEntry)
        {
            var symbol = symbols.Offset + ((int)U32(file, at + 12) * Symbol);
            relocations.Add(new Relocation((int)U64(file, at) / 8, RelocationKind.MapDescriptor, mapNameOf(Text(file, strings.Offset + (int)U32(file, symbol)))));
        }

        return new ProgramDefinition("clang", section, instructions) { Relocations = [.. relocations] };

        (int Name, int Offset, int Size, int Link) Section(int index)
        {
            var at = headers + (index * SectionHeader);
            return ((int)U32(file, at), (int)U64(file, at + 24), (int)U64(file, at + 32), (int)U32(file, at + 40));
        }

        (int Name, int Offset, int Size, int Link) Named(string name)
        {
            for (var i = 0; i < count; i++)
            {
                if (Section(i) is var found && Text(file, names.Offset + found.Name) == name) return found;
            }
            throw new InvalidDataException($"no section '{name}'");
        }
    }

    private static ushort U16(byte[] file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

    private static uint U32(byte[] file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));

    private static ulong U64(byte[] file, int at) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));

    private static string Text(byte[] file, int at) => Encoding.ASCII.GetString(file, at, Array.IndexOf(file, (byte)0, at) - at);
}
