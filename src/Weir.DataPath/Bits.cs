using System.Buffers.Binary;

namespace Weir.DataPath;

/// <summary>Byte order.</summary>
internal static class Bits
{
    public static uint Swap(uint value) => BinaryPrimitives.ReverseEndianness(value);

    public static ushort Swap(ushort value) => BinaryPrimitives.ReverseEndianness(value);
}
