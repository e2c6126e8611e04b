using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Weir.DataPath;
using Weir.Model;

namespace Weir.Control.Images;

/// <summary>From the model's numbers to what is in packets and keys.</summary>
internal static class NetworkOrder
{
    public static uint IPv4Be(Address address) => Swap(address.IPv4);

    public static ushort PortBe(ushort port) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(port) : port;

    public static IpAddress Of(Address address)
    {
        var result = default(IpAddress);
        address.WriteBytes(MemoryMarshal.AsBytes(new Span<IpAddress>(ref result)));
        return result;
    }

    public static Address From(in IpAddress address) => Address.FromBytes(MemoryMarshal.AsBytes(new ReadOnlySpan<IpAddress>(in address)));

    /// <summary>A mask for comparing whole keys: an IPv4 mask has ones in the words before it.</summary>
    public static IpAddress MaskOf(Address mask)
    {
        var result = Of(mask);
        if (mask.IsIPv4) result.Word0Be = result.Word1Be = result.Word2Be = uint.MaxValue;
        return result;
    }

    private static uint Swap(uint value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
}
