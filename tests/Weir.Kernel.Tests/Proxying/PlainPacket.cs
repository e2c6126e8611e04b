using System.Buffers.Binary;
using Weir.Model;

namespace Weir.Kernel.Tests.Proxying;

/// <summary>A TCP SYN, a UDP datagram or an SCTP INIT (its checksum left to a device) without a link header, IPv4 or IPv6, or an answer to one.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Destination">Where it goes.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Mark">By which it is known again whatever becomes of its addresses: the sequence number, the datagram's first bytes, the verification tag.</param>
internal sealed record PlainPacket(PlainPacketKind Kind, Address Source, Address Destination, ushort Port, uint Mark)
{
    public static byte[] Build(Address source, Address destination, ServiceProtocol protocol, ushort sourcePort, ushort port, uint mark)
    {
        var segment = new byte[protocol switch { ServiceProtocol.Tcp => 20, ServiceProtocol.Udp => 12, _ => 32 }];
        BinaryPrimitives.WriteUInt16BigEndian(segment, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), port);
        if (protocol == ServiceProtocol.Tcp)
        {
            BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), mark);
            segment[12] = 0x50;
            segment[13] = 2;
            segment[14] = 0x20;
        }
        else if (protocol == ServiceProtocol.Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
            BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), mark);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), mark);
            segment[12] = 1;
            segment[15] = 20;
        }
        Span<byte> ends = stackalloc byte[32];
        source.WriteBytes(ends);
        destination.WriteBytes(ends[16..]);
        var header = source.IsIPv4 ? 20 : 40;
        var packet = new byte[header + segment.Length];
        if (source.IsIPv4)
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            packet[8] = 64;
            packet[9] = (byte)protocol;
            ends[12..16].CopyTo(packet.AsSpan(12));
            ends[28..].CopyTo(packet.AsSpan(16));
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20), 0));
        }
        else
        {
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)segment.Length);
            packet[6] = (byte)protocol;
            packet[7] = 64;
            ends.CopyTo(packet.AsSpan(8));
        }
        segment.CopyTo(packet.AsSpan(header));
        if (protocol == ServiceProtocol.Sctp) return packet;
        var addresses = source.IsIPv4 ? packet.AsSpan(12, 8) : packet.AsSpan(8, 32);
        var sum = Sum(addresses) + (uint)protocol + (uint)segment.Length;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(header + (protocol == ServiceProtocol.Tcp ? 16 : 6)), Checksum(packet.AsSpan(header), sum));
        return packet;
    }

    /// <summary>Reads one; null where it is none of the kinds.</summary>
    public static PlainPacket? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 20) return null;
        var isIPv4 = packet[0] >> 4 == 4;
        var header = isIPv4 ? (packet[0] & 15) * 4 : 40;
        if (packet.Length < header + 8) return null;
        var protocol = packet[isIPv4 ? 9 : 6];
        var source = Address.FromBytes(isIPv4 ? packet[12..16] : packet[8..24]);
        var destination = Address.FromBytes(isIPv4 ? packet[16..20] : packet[24..40]);
        var rest = packet[header..];
        var port = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        switch (protocol)
        {
            case 6 when rest.Length >= 20:
                if ((rest[13] & 4) != 0) return new(PlainPacketKind.Reset, source, destination, BinaryPrimitives.ReadUInt16BigEndian(rest), BinaryPrimitives.ReadUInt32BigEndian(rest[8..]) - 1);
                return rest[13] == 2 || (rest[13] & 0x12) == 2 ? new(PlainPacketKind.First, source, destination, port, BinaryPrimitives.ReadUInt32BigEndian(rest[4..])) : null;
            case 17 or 132 when rest.Length >= 12:
                return new(PlainPacketKind.First, source, destination, port, BinaryPrimitives.ReadUInt32BigEndian(rest[(protocol == 17 ? 8 : 4)..]));
            case 1 when rest[0] == 3 && rest[1] == 3:
            case 58 when rest[0] == 1 && rest[1] == 4:
                return Read(rest[8..]) is { } quoted ? quoted with { Kind = PlainPacketKind.Unreachable } : null;
            default:
                return null;
        }
    }

    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i + 1 < bytes.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        return sum;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint sum)
    {
        sum += Sum(bytes);
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
