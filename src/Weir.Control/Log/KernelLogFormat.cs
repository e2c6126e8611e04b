using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Weir.DataPath;
using Weir.DataPath.Image;

namespace Weir.Control.Log;

/// <summary>Prints LOG events in the format of the kernel's own log of packets, which fail2ban, fwlogwatch and people's greps parse.</summary>
public static class KernelLogFormat
{
    private const byte ProtocolIcmp = 1;
    private const byte ProtocolTcp = 6;
    private const byte ProtocolUdp = 17;
    private const byte ProtocolEsp = 50;
    private const byte ProtocolAh = 51;
    private const byte ProtocolUdpLite = 136;
    private const int IpHeaderSize = 20;
    private const int IcmpHeaderSize = 8;
    private const int TcpHeaderSize = 20;
    private const int PrefixSize = 32;
    private const int SnapshotSize = 144;
    private const int LinkHeaderSize = 16;
    private const uint NoUser = uint.MaxValue;

    /// <summary>The least number of bytes that an ICMP message of each type needs; 0 where any will do.</summary>
    private static ReadOnlySpan<byte> IcmpLengths => [4, 0, 0, 28, 28, 28, 0, 0, 4, 0, 0, 28, 28, 20, 20, 0, 0, 12, 12];

    /// <summary>One line without its end; as the kernel's, it ends in a blank.</summary>
    /// <param name="record">The event.</param>
    /// <param name="inputName">The name of the input device; not used where the event has none.</param>
    /// <param name="outputName">The name of the output device; not used where the event has none.</param>
    public static string Format(in LogEvent record, string inputName, string outputName)
    {
        var line = new Line(record, new StringBuilder(256));
        line.Add(PrefixOf(record));
        line.Add($"IN={(record.InIfIndex == 0 ? "" : inputName)} OUT={(record.OutIfIndex == 0 ? "" : outputName)} ");
        if (record.InIfIndex != 0) AddLinkHeader(line);
        AddIPv4(line, 0);
        return line.ToString();
    }

    private static unsafe string PrefixOf(in LogEvent record)
    {
        fixed (byte* prefix = record.Prefix)
        {
            var bytes = new ReadOnlySpan<byte>(prefix, PrefixSize);
            var end = bytes.IndexOf((byte)0);
            return Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]);
        }
    }

    private static void AddLinkHeader(Line line)
    {
        var header = line.LinkHeader;
        if (line.Has(LogFlags.MacDecode) && header.Length >= 14)
        {
            line.Add($"MACSRC={Mac(header[6..12])} MACDST={Mac(header[..6])} MACPROTO={BinaryPrimitives.ReadUInt16BigEndian(header[12..]):x4} ");
            return;
        }
        line.Add($"MAC={Mac(header)} ");
    }

    private static string Mac(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 3);
        foreach (var value in bytes) text.Append(text.Length == 0 ? "" : ":").Append(value.ToString("x2", CultureInfo.InvariantCulture));
        return text.ToString();
    }

    /// <summary>The IP header at an offset and what follows it; the offset is 0 but for the packet that an ICMP error quotes.</summary>
    private static void AddIPv4(Line line, int offset)
    {
        if (!line.TryRead(offset, IpHeaderSize, out var ip))
        {
            line.Add("TRUNCATED");
            return;
        }
        var headerLength = (ip[0] & 0xf) * 4;
        var fragment = Word(ip, 6);
        line.Add($"SRC={Quad(ip[12..])} DST={Quad(ip[16..])} ");
        line.Add($"LEN={Word(ip, 2)} TOS=0x{ip[1] & 0x1e:X2} PREC=0x{ip[1] & 0xe0:X2} TTL={ip[8]} ID={Word(ip, 4)} ");
        if ((fragment & 0x8000) != 0) line.Add("CE ");
        if ((fragment & 0x4000) != 0) line.Add("DF ");
        if ((fragment & 0x2000) != 0) line.Add("MF ");
        if ((fragment & 0x1fff) != 0) line.Add($"FRAG:{fragment & 0x1fff} ");
        if (line.Has(LogFlags.IpOptions) && headerLength > IpHeaderSize)
        {
            if (!line.TryRead(offset + IpHeaderSize, headerLength - IpHeaderSize, out var options))
            {
                line.Add("TRUNCATED");
                return;
            }
            line.Add($"OPT ({Convert.ToHexString(options)}) ");
        }
        if (!AddTransport(line, ip[9], (fragment & 0x1fff) != 0, offset, offset + headerLength)) return;
        if (offset != 0) return;
        if (line.Has(LogFlags.Uid) && line.User is var (user, group)) line.Add($"UID={user} GID={group} ");
        if (line.Mark != 0) line.Add($"MARK=0x{line.Mark:x} ");
    }

    /// <summary>Whether the line goes on: the kernel stops at an incomplete TCP or UDP header.</summary>
    private static bool AddTransport(Line line, byte protocol, bool laterFragment, int ipOffset, int offset)
    {
        switch (protocol)
        {
            case ProtocolTcp:
                return AddTcp(line, laterFragment, offset);
            case ProtocolUdp or ProtocolUdpLite:
                return AddUdp(line, protocol, laterFragment, offset);
            case ProtocolIcmp:
                AddIcmp(line, laterFragment, ipOffset, offset);
                return true;
            case ProtocolAh:
                AddSecurity(line, "AH", laterFragment, offset, 12, 4);
                return true;
            case ProtocolEsp:
                AddSecurity(line, "ESP", laterFragment, offset, 8, 0);
                return true;
            default:
                line.Add($"PROTO={protocol} ");
                return true;
        }
    }

    private static bool AddTcp(Line line, bool laterFragment, int offset)
    {
        line.Add("PROTO=TCP ");
        if (laterFragment) return true;
        if (!line.TryRead(offset, TcpHeaderSize, out var tcp)) return line.AddIncomplete(offset);
        line.Add($"SPT={Word(tcp, 0)} DPT={Word(tcp, 2)} ");
        if (line.Has(LogFlags.TcpSequence)) line.Add($"SEQ={LongWord(tcp, 4)} ACK={LongWord(tcp, 8)} ");
        line.Add($"WINDOW={Word(tcp, 14)} RES=0x{(tcp[12] & 0xf) << 2:x2} ");
        ReadOnlySpan<string> names = ["FIN ", "SYN ", "RST ", "PSH ", "ACK ", "URG ", "ECE ", "CWR "];
        for (var bit = 7; bit >= 0; bit--)
        {
            if ((tcp[13] >> bit & 1) != 0) line.Add(names[bit]);
        }
        line.Add($"URGP={Word(tcp, 18)} ");
        var headerLength = (tcp[12] >> 4) * 4;
        if (!line.Has(LogFlags.TcpOptions) || headerLength <= TcpHeaderSize) return true;
        if (!line.TryRead(offset + TcpHeaderSize, headerLength - TcpHeaderSize, out var options))
        {
            line.Add("OPT (TRUNCATED)");
            return false;
        }
        line.Add($"OPT ({Convert.ToHexString(options)}) ");
        return true;
    }

    private static bool AddUdp(Line line, byte protocol, bool laterFragment, int offset)
    {
        line.Add(protocol == ProtocolUdp ? "PROTO=UDP " : "PROTO=UDPLITE ");
        if (laterFragment) return true;
        if (!line.TryRead(offset, 8, out var udp)) return line.AddIncomplete(offset);
        line.Add($"SPT={Word(udp, 0)} DPT={Word(udp, 2)} LEN={Word(udp, 4)} ");
        return true;
    }

    private static void AddIcmp(Line line, bool laterFragment, int ipOffset, int offset)
    {
        line.Add("PROTO=ICMP ");
        if (laterFragment) return;
        if (!line.TryRead(offset, IcmpHeaderSize, out var icmp))
        {
            line.AddIncomplete(offset);
            return;
        }
        byte type = icmp[0], code = icmp[1];
        line.Add($"TYPE={type} CODE={code} ");
        if (type < IcmpLengths.Length && line.Length - offset < IcmpLengths[type])
        {
            line.AddIncomplete(offset);
            return;
        }
        switch (type)
        {
            case 0 or 8:
                line.Add($"ID={Word(icmp, 4)} SEQ={Word(icmp, 6)} ");
                break;
            case 12:
                line.Add($"PARAMETER={icmp[4]} ");
                break;
            case 3 or 4 or 5 or 11:
                if (type == 5) line.Add($"GATEWAY={Quad(icmp[4..])} ");
                if (ipOffset == 0)
                {
                    line.Add("[");
                    AddIPv4(line, offset + IcmpHeaderSize);
                    line.Add("] ");
                }
                if (type == 3 && code == 4) line.Add($"MTU={Word(icmp, 6)} ");
                break;
        }
    }

    private static void AddSecurity(Line line, string name, bool laterFragment, int offset, int size, int spiOffset)
    {
        line.Add($"PROTO={name} ");
        if (laterFragment) return;
        if (line.TryRead(offset, size, out var header)) line.Add($"SPI=0x{LongWord(header, spiOffset):x} ");
        else line.AddIncomplete(offset);
    }

    private static ushort Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);

    private static uint LongWord(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);

    private static string Quad(ReadOnlySpan<byte> bytes) => $"{bytes[0]}.{bytes[1]}.{bytes[2]}.{bytes[3]}";

    /// <summary>The line being made, with the event that it is made from.</summary>
    private sealed unsafe class Line
    {
        private readonly StringBuilder _text;
        private readonly LogEvent _record;
        private readonly byte[] _bytes;
        private readonly byte[] _linkHeader;

        public Line(in LogEvent record, StringBuilder text)
        {
            _record = record;
            _text = text;
            fixed (byte* bytes = record.Data) _bytes = new ReadOnlySpan<byte>(bytes, Math.Min((int)record.DataLength, SnapshotSize)).ToArray();
            fixed (byte* header = record.Mac) _linkHeader = new ReadOnlySpan<byte>(header, Math.Min((int)record.MacLength, LinkHeaderSize)).ToArray();
        }

        public ReadOnlySpan<byte> LinkHeader => _linkHeader;

        /// <summary>The packet's bytes, those that were not captured included.</summary>
        public long Length => _record.Length;

        public uint Mark => _record.Mark;

        public (uint Uid, uint Gid)? User => _record.Uid != NoUser ? (_record.Uid, _record.Gid) : null;

        public bool Has(LogFlags flag) => (_record.Flags & flag) != 0;

        public void Add(string text) => _text.Append(text);

        /// <summary>Adds the kernel's words for a header that does not fit in the packet; false, to end the line with.</summary>
        public bool AddIncomplete(int offset)
        {
            // The kernel subtracts without a sign.
            _text.Append(CultureInfo.InvariantCulture, $"INCOMPLETE [{_record.Length - (uint)offset} bytes] ");
            return false;
        }

        public bool TryRead(int offset, int length, out ReadOnlySpan<byte> bytes)
        {
            bytes = default;
            if (offset + length > _bytes.Length) return false;
            bytes = _bytes.AsSpan(offset, length);
            return true;
        }

        public override string ToString() => _text.ToString();
    }
}
