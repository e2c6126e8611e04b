using System.Globalization;
using System.Text;
using Mono.Cecil;

namespace Weir.Bpf.Compiler.Il;

/// <summary>
/// A number that is another one where the programs' data look different: every struct and enum of the assembly with its fields and values. What an older
/// object has left in maps can be read by a newer one where the number is the same.
/// </summary>
internal static class LayoutFingerprint
{
    public static ulong Of(AssemblyDefinition assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.MainModule.GetTypes().Where(type => type.IsValueType).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"{type.FullName} {type.PackingSize} {type.ClassSize}\n");
            foreach (var field in type.Fields.Where(field => !field.IsStatic || field.HasConstant))
                text.Append(CultureInfo.InvariantCulture, $"  {field.Name} {field.FieldType.FullName} {field.Offset} {field.Constant}\n");
        }

        var hash = 0xcbf29ce484222325;
        foreach (var b in Encoding.UTF8.GetBytes(text.ToString())) hash = (hash ^ b) * 0x100000001b3;
        return hash;
    }
}
