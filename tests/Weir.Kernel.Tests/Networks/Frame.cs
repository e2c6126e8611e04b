using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Weir.Kernel.Tests.Networks;

/// <summary>Builds, answers and describes Ethernet frames with IPv4. Addresses as numbers in host order (0x0a010002 is 10.1.0.2).</summary>
internal static class Frame
{
    public const byte Fin = 1, Syn = 2, Rst = 4, Psh = 8, Ack = 16, Urg = 32;
    private const int Ip = 14;

    /// <summary>An IPv4 packet around a transport segment whose checksum is filled in (TCP at 16, UDP at 6, ICMP at 2).</summary>
    public static byte[] Build(ReadOnlySpan<byte> destinationMac, ReadOnlySpan<byte> sourceMac, uint source, uint destination, byte protocol,
        ReadOnlySpan<byte> segment, ushort id = 1, byte ttl = 64, byte tos = 0)
    {
        var frame = new byte[Ip + 20 + segment.Length];
        destinationMac.CopyTo(frame);
        sourceMac.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        var ip = frame.AsSpan(Ip);
        ip[0] = 0x45;
        ip[1] = tos;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + segment.Length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], id);
        ip[8] = ttl;
        ip[9] = protocol;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], destination);
        segment.CopyTo(ip[20..]);
        FixChecksums(frame);
        return frame;
    }

    public static byte[] Tcp(ushort sourcePort, ushort destinationPort, byte flags, uint sequence, uint acknowledgement, int payload = 0)
    {
        var segment = new byte[20 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), acknowledgement);
        segment[12] = 0x50;
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 8192);
        return segment;
    }

    public static byte[] Udp(ushort sourcePort, ushort destinationPort, int payload = 4)
    {
        var segment = new byte[8 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        return segment;
    }

    /// <summary>An ICMP message; <paramref name="rest"/> is the second word, <paramref name="payload"/> what follows (for errors: the packet it is about).</summary>
    public static byte[] Icmp(byte type, byte code, uint rest, ReadOnlySpan<byte> payload)
    {
        var segment = new byte[8 + payload.Length];
        segment[0] = type;
        segment[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), rest);
        payload.CopyTo(segment.AsSpan(8));
        return segment;
    }

    public static uint Source(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32BigEndian(frame[(Ip + 12)..]);

    public static uint Destination(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32BigEndian(frame[(Ip + 16)..]);

    public static byte Protocol(ReadOnlySpan<byte> frame) => frame[Ip + 9];

    public static ReadOnlySpan<byte> Packet(ReadOnlySpan<byte> frame) => frame[Ip..(Ip + BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + 2)..]))];

    public static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> frame) => Packet(frame)[20..];

    /// <summary>Whether it is a whole IPv4 packet without options.</summary>
    public static bool IsIPv4(ReadOnlySpan<byte> frame) => frame.Length >= 34 && frame[12] == 8 && frame[13] == 0 && frame[Ip] == 0x45 &&
        BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + 2)..]) is var length && length >= 20 && length <= frame.Length - Ip;

    /// <summary>Writes the IP header's and the segment's checksums (whole packets with a 20-byte header).</summary>
    public static void FixChecksums(Span<byte> frame)
    {
        FixHeaderChecksum(frame);
        var ip = frame[Ip..];
        if (SegmentChecksumOffset(ip) is not { } offset) return;
        var segment = ip[20..];
        segment[offset] = segment[offset + 1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(segment[offset..], SegmentChecksum(ip));
    }

    /// <summary>Writes the IP header's checksum only.</summary>
    public static void FixHeaderChecksum(Span<byte> frame)
    {
        var ip = frame[Ip..];
        ip[10] = ip[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20], 0));
    }

    /// <summary>What a person or a comparison wants to know: everything but the IP id and the IP checksum; says so if a checksum is wrong.</summary>
    public static string Describe(ReadOnlySpan<byte> frame)
    {
        if (!IsIPv4(frame)) return $"not IPv4 {Convert.ToHexString(frame)}";
        var ip = frame[Ip..(Ip + BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + 2)..]))];
        var text = new StringBuilder();
        text.Append(Convert.ToHexString(frame[..6])).Append('<').Append(Convert.ToHexString(frame[6..12])).Append(' ');
        text.Append(Address(Source(frame))).Append(" > ").Append(Address(Destination(frame)));
        text.Append($" proto {ip[9]} tos {ip[1]} ttl {ip[8]} frag {BinaryPrimitives.ReadUInt16BigEndian(ip[6..]):x} ");
        if (Checksum(ip[..20], 0) != 0) text.Append("BAD-IP-CHECKSUM ");
        var segment = ip[20..].ToArray();
        if (SegmentChecksumOffset(ip) is not null && SegmentChecksum(ip) != 0) text.Append("BAD-CHECKSUM ");
        // An error quotes a packet whose id is as little wanted as that of the packet itself.
        if (ip[9] == 1 && segment.Length >= 36 && segment[0] is 3 or 4 or 5 or 11 or 12)
        {
            segment[2] = segment[3] = 0;
            segment.AsSpan(12, 2).Clear();
            segment.AsSpan(18, 2).Clear();
        }
        return text.Append(Convert.ToHexString(segment)).ToString();
    }

    /// <summary>The frame with source port 0 (TCP and UDP; checksums right).</summary>
    public static byte[] WithoutSourcePort(ReadOnlySpan<byte> frame)
    {
        var copy = frame.ToArray();
        if (!IsIPv4(frame) || Protocol(frame) is not (6 or 17) || frame.Length < 42) return copy;
        copy[34] = copy[35] = 0;
        FixChecksums(copy);
        return copy;
    }

    public static string Address(uint address)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return new IPAddress(bytes).ToString();
    }

    private static int? SegmentChecksumOffset(ReadOnlySpan<byte> ip) => (BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x3fff) != 0 ? null : ip[9] switch
    {
        1 when ip.Length >= 28 => 2,
        6 when ip.Length >= 40 => 16,
        17 when ip.Length >= 28 => 6,
        _ => null,
    };

    /// <summary>Over the segment and, but for ICMP, the pseudo-header (RFC 9293, RFC 768): 0 over a segment with its right checksum.</summary>
    private static ushort SegmentChecksum(ReadOnlySpan<byte> ip)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]) - 20;
        var seed = 0u;
        if (ip[9] != 1)
        {
            for (var i = 12; i < 20; i += 2) seed += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
            seed += ip[9] + (uint)length;
        }
        return Checksum(ip.Slice(20, length), seed);
    }

    private static ushort Checksum(ReadOnlySpan<byte> data, uint sum)
    {
        for (var i = 0; i + 1 < data.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        if (data.Length % 2 == 1) sum += (uint)data[^1] << 8;
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
