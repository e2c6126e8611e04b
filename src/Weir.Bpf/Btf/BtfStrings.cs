using System.Buffers.Binary;
using System.Text;

namespace Weir.Bpf.Btf;

/// <summary>Reads the strings of raw BTF.</summary>
public static class BtfStrings
{
    /// <summary>The string at an offset of the string section; empty where there is none.</summary>
    public static string Read(ReadOnlySpan<byte> btf, int offset)
    {
        if (btf.Length < 24) return "";
        var start = BinaryPrimitives.ReadUInt32LittleEndian(btf[4..]) + (ulong)BinaryPrimitives.ReadUInt32LittleEndian(btf[16..]) + (uint)offset;
        if (offset < 0 || start >= (ulong)btf.Length) return "";
        var rest = btf[(int)start..];
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
