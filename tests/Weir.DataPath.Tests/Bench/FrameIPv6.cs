using System.Buffers.Binary;
using System.Net;

namespace Weir.DataPath.Tests.Bench;

/// <summary>Ethernet frames with IPv6 packets, made and read; checksums are right unless a test breaks them.</summary>
internal static class FrameIPv6
{
    public const int Ip = 14;
    public const int Header = 40;
    private const byte Fragment = 44;

    public static byte[] Tcp(string source, int sourcePort, string destination, int destinationPort, byte flags, int payload = 0, params byte[] extensions)
    {
        var segment = new byte[20 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)destinationPort);
        segment[12] = 5 << 4;
        segment[13] = flags;
        for (var i = 0; i < payload; i++) segment[20 + i] = (byte)i;
        return Packet(6, source, destination, segment, 16, extensions);
    }

    public static byte[] Udp(string source, int sourcePort, string destination, int destinationPort, int payload = 8, params byte[] extensions)
    {
        var segment = new byte[8 + payload];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        for (var i = 0; i < payload; i++) segment[8 + i] = (byte)(i * 3);
        return Packet(17, source, destination, segment, 6, extensions);
    }

    public static byte[] Icmp(string source, string destination, byte type, byte code = 0, ushort id = 77, int payload = 8)
    {
        var segment = new byte[8 + payload];
        segment[0] = type;
        segment[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), id);
        return Packet(58, source, destination, segment, 2);
    }

    /// <summary>An ICMPv6 error that quotes a frame's packet, or its first bytes.</summary>
    public static byte[] Error(string source, string destination, byte type, byte code, ReadOnlySpan<byte> about, int quoted = 1232, uint rest = 0)
    {
        var packet = about[Ip..];
        var segment = new byte[8 + Math.Min(quoted, packet.Length)];
        segment[0] = type;
        segment[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), rest);
        packet[..(segment.Length - 8)].CopyTo(segment.AsSpan(8));
        return Packet(58, source, destination, segment, 2);
    }

    /// <summary>An extension header of 8 bytes: its number in front, then what it holds (the next header's number is filled in).</summary>
    public static byte[] Extension(byte number, params byte[] rest)
    {
        var bytes = new byte[9];
        bytes[0] = number;
        rest.CopyTo(bytes, 3);
        return bytes;
    }

    /// <summary>The packet that an error quotes, behind a link header.</summary>
    public static byte[] Quoted(ReadOnlySpan<byte> frame) => [.. frame[..Ip], .. frame[(Ip + Header + 8)..]];

    /// <summary>A packet; extensions are as <see cref="Extension"/> makes them, one behind the other.</summary>
    public static byte[] Packet(byte protocol, string source, string destination, byte[] segment, int checksumOffset, params byte[] extensions)
    {
        var count = extensions.Length / 9;
        var frame = new byte[Ip + Header + count * 8 + segment.Length];
        frame[12] = 0x86;
        frame[13] = 0xdd;
        var ip = frame.AsSpan(Ip);
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(count * 8 + segment.Length));
        ip[6] = count > 0 ? extensions[0] : protocol;
        ip[7] = 64;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(ip[8..]);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(ip[24..]);
        for (var i = 0; i < count; i++)
        {
            extensions.AsSpan(i * 9 + 1, 8).CopyTo(ip[(Header + i * 8)..]);
            ip[Header + i * 8] = i + 1 < count ? extensions[(i + 1) * 9] : protocol;
        }
        segment.CopyTo(ip[(Header + count * 8)..]);
        if (checksumOffset < 0) return frame;
        var sum = Bench.Frame.Checksum(segment, PseudoHeader(frame, protocol, segment.Length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[(Header + count * 8 + checksumOffset)..], sum == 0 && protocol == 17 ? (ushort)0xffff : sum);
        return frame;
    }

    /// <summary>Cuts a frame's payload into two fragments, the first with so many bytes (a multiple of 8).</summary>
    public static (byte[] First, byte[] Later) Split(byte[] frame, int firstBytes, uint id = 0x12345678) =>
        (Piece(frame, 0, firstBytes, id, true), Piece(frame, firstBytes, frame.Length - Ip - Header - firstBytes, id, false));

    public static string Source(ReadOnlySpan<byte> frame) => new IPAddress(frame.Slice(Ip + 8, 16)).ToString();

    public static string Destination(ReadOnlySpan<byte> frame) => new IPAddress(frame.Slice(Ip + 24, 16)).ToString();

    public static int SourcePort(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + TransportOf(frame).Offset)..]);

    public static int DestinationPort(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + TransportOf(frame).Offset + 2)..]);

    /// <summary>Both ends as text: <c>[fd01::2]:1000>[fd02::2]:80</c>.</summary>
    public static string Ends(ReadOnlySpan<byte> frame) => $"[{Source(frame)}]:{SourcePort(frame)}>[{Destination(frame)}]:{DestinationPort(frame)}";

    /// <summary>Whether the transport checksum and the length are right.</summary>
    public static bool IsSound(ReadOnlySpan<byte> frame)
    {
        var (offset, protocol) = TransportOf(frame);
        var segment = frame[(Ip + offset)..];
        if (protocol == 132) return Bench.Frame.Crc32C(segment) == BinaryPrimitives.ReadUInt32LittleEndian(segment[8..]);
        return BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + 4)..]) == frame.Length - Ip - Header && Bench.Frame.Checksum(segment, PseudoHeader(frame, protocol, segment.Length)) == 0;
    }

    /// <summary>Puts two fragments together again.</summary>
    public static byte[] Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> later)
    {
        byte[] whole = [.. first[..(Ip + Header)], .. first[(Ip + Header + 8)..], .. later[(Ip + Header + 8)..]];
        whole[Ip + 6] = first[Ip + Header];
        BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(Ip + 4), (ushort)(whole.Length - Ip - Header));
        return whole;
    }

    private static (int Offset, byte Protocol) TransportOf(ReadOnlySpan<byte> frame)
    {
        var offset = Header;
        var next = frame[Ip + 6];
        while (next is 0 or 43 or Fragment or 60)
        {
            var length = next == Fragment ? 8 : (frame[Ip + offset + 1] + 1) * 8;
            next = frame[Ip + offset];
            offset += length;
        }
        return (offset, next);
    }

    private static byte[] Piece(byte[] frame, int offset, int length, uint id, bool more)
    {
        var piece = new byte[Ip + Header + 8 + length];
        frame.AsSpan(0, Ip + Header).CopyTo(piece);
        frame.AsSpan(Ip + Header + offset, length).CopyTo(piece.AsSpan(Ip + Header + 8));
        var ip = piece.AsSpan(Ip);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(8 + length));
        ip[Header] = ip[6];
        ip[6] = Fragment;
        BinaryPrimitives.WriteUInt16BigEndian(ip[(Header + 2)..], (ushort)(offset | (more ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(ip[(Header + 4)..], id);
        return piece;
    }

    private static uint PseudoHeader(ReadOnlySpan<byte> frame, byte protocol, int length)
    {
        var sum = (uint)(protocol + length);
        for (var i = 8; i < 40; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(frame[(Ip + i)..]);
        return sum;
    }
}
