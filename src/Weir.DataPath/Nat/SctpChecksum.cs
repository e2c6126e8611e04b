using Weir.Bpf.Programs;

namespace Weir.DataPath.Nat;

/// <summary>
/// SCTP's checksum (CRC32c over header and chunks, RFC 9260, appendix A) after a port changed. It does not cover addresses. A CRC is linear: what changes is the CRC
/// of the difference, four bytes followed by as many zeros as the packet is long, so neither the packet is read nor does its length cost.
/// </summary>
internal static unsafe class SctpChecksum
{
    /// <summary>Byte offset of the checksum in the common header.</summary>
    private const uint Offset = 8;

    /// <summary>Castagnoli's polynomial, its bits turned round (the highest power is the lowest bit).</summary>
    private const uint Polynomial = 0x82f63b78;

    private const int LengthBits = 16;

    /// <summary>x to the power of 8 * 2^i modulo the polynomial: what 2^i zero bytes do.</summary>
    private static readonly ConstantTable<uint> s_sctpZeros = new([
        0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
        0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
    ]);

    /// <summary>Adapts the checksum of a whole packet to a change of a port (byte offset 0 or 2 in the header). False: it cannot be done (a fragment).</summary>
    public static bool Adapt(SkBuff* skb, Packet* packet, uint transport, uint port, ushort oldBe, ushort newBe)
    {
        if ((packet->Flags & PacketFlags.Fragment) != 0) return false;
        uint checksum = 0;
        if (Helpers.SkbLoadBytes(skb, transport + Offset, &checksum, 4) != 0) return false;
        // A sender on this machine left it to the device, which reckons with zero here.
        if (checksum == 0) return true;
        checksum ^= (uint)Change((uint)(oldBe ^ newBe) << (int)(port * 8), packet->Length - packet->HeaderLength);
        return Helpers.SkbStoreBytes(skb, transport + Offset, &checksum, 4, StoreFlags.RecomputeChecksum) == 0;
    }

    /// <summary>How the checksum changes with the first four bytes of a packet (in memory order, as is the result) of a length in bytes.</summary>
    [Subprogram(Global = true)]
    internal static int Change(uint difference, uint length)
    {
        for (uint i = 0; i < LengthBits; i++)
        {
            if ((length >> (int)i & 1) != 0) difference = (uint)Multiply(s_sctpZeros.At(i), difference);
        }
        return (int)difference;
    }

    /// <summary>The product of two polynomials modulo <see cref="Polynomial"/>.</summary>
    [Subprogram(Global = true)]
    private static int Multiply(uint left, uint right)
    {
        uint product = 0;
        for (var i = 0; i < 32; i++)
        {
            product ^= right & (uint)((int)left >> 31);
            left <<= 1;
            right = right >> 1 ^ (Polynomial & (uint)-(int)(right & 1));
        }
        return (int)product;
    }
}
