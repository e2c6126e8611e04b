using System.Buffers.Binary;
using System.Net;
using System.Numerics;

namespace Weir.DataPath.Tests.Bench;

/// <summary>Ethernet frames with IPv4 packets, made and read; checksums are right unless a test breaks them.</summary>
internal static class Frame
{
    public const int Ip = 14;
    public const byte Fin = 1, Syn = 2, Rst = 4, Psh = 8, Ack = 16, Urg = 32;

    public static byte[] Tcp(string source, int sourcePort, string destination, int destinationPort, byte flags, int payload = 0, int options = 0)
    {
        var segment = new byte[20 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)destinationPort);
        segment[12] = 5 << 4;
        segment[13] = flags;
        for (var i = 0; i < payload; i++) segment[20 + i] = (byte)i;
        return Packet(6, source, destination, segment, 16, options);
    }

    public static byte[] Udp(string source, int sourcePort, string destination, int destinationPort, int payload = 8, bool checksum = true)
    {
        var segment = new byte[8 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        for (var i = 0; i < payload; i++) segment[8 + i] = (byte)(i * 3);
        return Packet(17, source, destination, segment, checksum ? 6 : -1, 0);
    }

    /// <summary>One chunk behind the common header, with CRC32c.</summary>
    public static byte[] Sctp(string source, int sourcePort, string destination, int destinationPort, byte chunk, int chunkLength) =>
        Packet(132, source, destination, Sctp(sourcePort, destinationPort, chunk, chunkLength), -1, 0);

    /// <summary>The same without the IP header.</summary>
    public static byte[] Sctp(int sourcePort, int destinationPort, byte chunk, int chunkLength)
    {
        var segment = new byte[12 + chunkLength];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)destinationPort);
        for (var i = 4; i < segment.Length; i++) segment[i] = (byte)(i * 5);
        segment[12] = chunk;
        BinaryPrimitives.WriteUInt32LittleEndian(segment.AsSpan(8), Crc32C(segment));
        return segment;
    }

    public static byte[] Icmp(string source, string destination, byte type, byte code = 0, ushort id = 77, int payload = 8)
    {
        var segment = new byte[8 + payload];
        segment[0] = type;
        segment[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), id);
        return Packet(1, source, destination, segment, 2, 0);
    }

    /// <summary>An ICMP error that quotes a frame's packet, or its first bytes.</summary>
    public static byte[] Error(string source, string destination, byte type, byte code, ReadOnlySpan<byte> about, int quoted = 1000, uint rest = 0)
    {
        var packet = about[Ip..];
        var segment = new byte[8 + Math.Min(quoted, packet.Length)];
        segment[0] = type;
        segment[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), rest);
        packet[..(segment.Length - 8)].CopyTo(segment.AsSpan(8));
        return Packet(1, source, destination, segment, 2, 0);
    }

    /// <summary>The packet that an ICMP error quotes, behind a link header.</summary>
    public static byte[] Quoted(ReadOnlySpan<byte> frame) => [.. frame[..Ip], .. frame[(Ip + (frame[Ip] & 15) * 4 + 8)..]];

    public static byte[] Packet(byte protocol, string source, string destination, byte[] segment, int checksumOffset, int options)
    {
        var header = 20 + options;
        var frame = new byte[Ip + header + segment.Length];
        frame[12] = 8;
        var ip = frame.AsSpan(Ip);
        ip[0] = (byte)(0x40 | header / 4);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(header + segment.Length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], 0x1234);
        ip[8] = 64;
        ip[9] = protocol;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(ip[12..]);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(ip[16..]);
        for (var i = 20; i < header; i++) ip[i] = 1;
        segment.CopyTo(ip[header..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..header], 0));
        if (checksumOffset >= 0) BinaryPrimitives.WriteUInt16BigEndian(ip[(header + checksumOffset)..], TransportChecksum(frame));
        return frame;
    }

    /// <summary>Cuts a frame's payload into two fragments, the first with so many bytes (a multiple of 8).</summary>
    public static (byte[] First, byte[] Later) Split(byte[] frame, int firstBytes)
    {
        var header = (frame[Ip] & 15) * 4;
        return (Piece(frame, header, 0, firstBytes, true), Piece(frame, header, firstBytes, frame.Length - Ip - header - firstBytes, false));
    }

    public static byte Protocol(ReadOnlySpan<byte> frame) => frame[Ip + 9];

    public static string Source(ReadOnlySpan<byte> frame) => new IPAddress(frame.Slice(Ip + 12, 4)).ToString();

    public static string Destination(ReadOnlySpan<byte> frame) => new IPAddress(frame.Slice(Ip + 16, 4)).ToString();

    public static int SourcePort(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + (frame[Ip] & 15) * 4)..]);

    public static int DestinationPort(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + (frame[Ip] & 15) * 4 + 2)..]);

    /// <summary>Both ends as text: <c>10.0.0.1:1000>10.0.0.2:80</c>.</summary>
    public static string Ends(ReadOnlySpan<byte> frame) => $"{Source(frame)}:{SourcePort(frame)}>{Destination(frame)}:{DestinationPort(frame)}";

    /// <summary>Whether the checksums of the IP header and of the transport header are right.</summary>
    public static bool IsSound(ReadOnlySpan<byte> frame)
    {
        var header = (frame[Ip] & 15) * 4;
        if (Checksum(frame.Slice(Ip, header), 0) != 0) return false;
        var segment = frame[(Ip + header)..];
        if (frame[Ip + 9] == 1) return Checksum(segment, 0) == 0;
        if (frame[Ip + 9] == 132) return Crc32C(segment) == BinaryPrimitives.ReadUInt32LittleEndian(segment[8..]);
        if (frame[Ip + 9] == 17 && segment[6] == 0 && segment[7] == 0) return true;
        return Checksum(segment, PseudoHeader(frame, segment.Length)) == 0;
    }

    /// <summary>Of an SCTP packet, its checksum field taken as zero.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> packet)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < packet.Length; i++) crc = BitOperations.Crc32C(crc, i is >= 8 and < 12 ? (byte)0 : packet[i]);
        return ~crc;
    }

    /// <summary>Writes the IP header's checksum again.</summary>
    public static void FixIp(Span<byte> frame)
    {
        frame[24] = frame[25] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(frame[24..], Checksum(frame.Slice(Ip, (frame[Ip] & 15) * 4), 0));
    }

    /// <summary>Writes a TCP segment's checksum again.</summary>
    public static void FixTransport(Span<byte> frame)
    {
        frame[50] = frame[51] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(frame[50..], TransportChecksum(frame));
    }

    /// <summary>Leaves a TCP segment's checksum to the device, as senders on the same machine do: the field holds the pseudo-header's sum.</summary>
    public static void LeaveToDevice(Span<byte> frame) =>
        BinaryPrimitives.WriteUInt16BigEndian(frame[50..], (ushort)~Checksum([], PseudoHeader(frame, frame.Length - 34)));

    private static byte[] Piece(byte[] frame, int header, int offset, int length, bool more)
    {
        var piece = new byte[Ip + header + length];
        frame.AsSpan(0, Ip + header).CopyTo(piece);
        frame.AsSpan(Ip + header + offset, length).CopyTo(piece.AsSpan(Ip + header));
        var ip = piece.AsSpan(Ip);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(header + length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[6..], (ushort)(offset / 8 | (more ? 0x2000 : 0)));
        ip[10] = ip[11] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..header], 0));
        return piece;
    }

    private static ushort TransportChecksum(ReadOnlySpan<byte> frame)
    {
        var segment = frame[(Ip + (frame[Ip] & 15) * 4)..];
        var sum = Checksum(segment, frame[Ip + 9] == 1 ? 0 : PseudoHeader(frame, segment.Length));
        return sum == 0 && frame[Ip + 9] == 17 ? (ushort)0xffff : sum;
    }

    private static uint PseudoHeader(ReadOnlySpan<byte> frame, int length)
    {
        var sum = (uint)(frame[Ip + 9] + length);
        for (var i = 12; i < 20; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + i)..]);
        return sum;
    }

    /// <summary>The Internet checksum of bytes, on top of a sum.</summary>
    public static ushort Checksum(ReadOnlySpan<byte> bytes, uint sum)
    {
        for (var i = 0; i < bytes.Length; i += 2) sum += (uint)(bytes[i] << 8 | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
        while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
