using System.Buffers.Binary;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath;

/// <summary>From bytes to a <see cref="Packet"/>.</summary>
internal static unsafe partial class Parse
{
    public const byte Icmp = 1;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Dccp = 33;
    public const byte Sctp = 132;
    public const byte UdpLite = 136;

    /// <summary>net.ipv4.ipfrag_time.</summary>
    private const ulong FragmentLife = 30_000_000_000;

    /// <summary>The fixed part of TCP's header.</summary>
    private const uint TcpHeader = 20;

    /// <summary>SCTP's common header; the first chunk's type follows.</summary>
    private const uint SctpHeader = 12;

    /// <summary>Headers that are read: the longest IPv4 header and the fixed part of TCP's.</summary>
    private const uint HeaderRoom = 60 + TcpHeader;

    /// <summary>Reads the IPv4 header and the start of the transport header. False: what IP itself would refuse.</summary>
    public static bool TryIPv4(SkBuff* skb, Packet* packet, uint offset)
    {
        var data = SkBuff.Data(skb);
        var end = SkBuff.DataEnd(skb);
        var length = skb->Length;
        var linear = (uint)(end - data);
        var ip = data + offset;
        if (linear < length)
        {
            // Headers may lie in page fragments; what does is copied, so no more than that.
            var needed = ip + 20 > end ? offset + HeaderRoom : offset + (uint)(ip[0] & 15) * 4 + TcpHeader;
            if (needed > length) needed = length;
            if (linear < needed && Helpers.SkbPullData(skb, needed) != 0) return false;
            data = SkBuff.Data(skb);
            end = SkBuff.DataEnd(skb);
            ip = data + offset;
        }
        if (ip + 20 > end) return false;
        uint first = ip[0];
        var headerLength = (first & 15) * 4;
        if (first >> 4 != 4 || headerLength < 20) return false;
        uint totalLength = BinaryPrimitives.ReverseEndianness(*(ushort*)(ip + 2));
        // Segments that are still together may be longer than the header can say: it says 0, or what 16 bits leave (before Linux 6.3).
        if (totalLength != length - offset && ip[9] == Tcp && skb->GsoSize != 0) totalLength = length - offset;
        if (totalLength < headerLength || totalLength > length - offset) return false;
        packet->NetworkOffset = (ushort)offset;
        packet->TransportOffset = (ushort)(offset + headerLength);
        packet->HeaderLength = (byte)headerLength;
        packet->Length = totalLength;
        packet->TypeOfService = ip[1];
        packet->IdentificationBe = *(ushort*)(ip + 4);
        packet->TimeToLive = ip[8];
        packet->Protocol = ip[9];
        packet->Source.Word2Be = IpAddress.MappedBe;
        packet->Source.Word3Be = *(uint*)(ip + 12);
        packet->Destination.Word2Be = IpAddress.MappedBe;
        packet->Destination.Word3Be = *(uint*)(ip + 16);
        uint fragment = BinaryPrimitives.ReverseEndianness(*(ushort*)(ip + 6));
        var flags = PacketFlags.None;
        if ((fragment & 0x3fff) != 0) flags |= PacketFlags.Fragment;
        if ((fragment & 0x1fff) != 0) flags |= PacketFlags.LaterFragment;
        packet->FragmentOffset = (ushort)((fragment & 0x1fff) * 8);
        packet->Flags |= flags;
        if ((flags & PacketFlags.LaterFragment) != 0) return true;
        var transport = ip + headerLength;
        if (packet->Protocol == Tcp)
        {
            if (transport + 20 > end || totalLength < headerLength + 20) packet->Flags |= PacketFlags.BadTransport;
            else ReadTcp(packet, transport, totalLength - headerLength);
        }
        else if (transport + 8 > end || totalLength < headerLength + 8)
        {
            if (HasPorts(packet->Protocol) || packet->Protocol == Icmp) packet->Flags |= PacketFlags.BadTransport;
        }
        else if (packet->Protocol == Icmp)
        {
            ReadIcmp(packet, transport);
        }
        else if (HasPorts(packet->Protocol))
        {
            ReadPorts(packet, transport, totalLength - headerLength);
            if (packet->Protocol == Sctp && transport + SctpHeader < end && totalLength > headerLength + SctpHeader) packet->TcpFlags = transport[SctpHeader];
        }
        return true;
    }

    /// <summary>Protocols whose header begins with two ports.</summary>
    public static bool HasPorts(byte protocol) => protocol is Tcp or Udp or UdpLite or Sctp or Dccp;

    /// <summary>
    /// Later fragments get what the first one said; a first one leaves it for them. False: a later fragment whose first one was not seen.
    /// </summary>
    [Subprogram(Global = true)]
    public static int FollowFragment(Packet* packet, uint side)
    {
        if (packet == null) return 0;
        var now = Helpers.KtimeGetNs();
        FragmentKey key = default;
        key.Source = packet->Source;
        key.Destination = packet->Destination;
        key.IdentificationBe = packet->IdentificationBe;
        key.Protocol = packet->Protocol;
        key.Side = (byte)side;
        if ((packet->Flags & PacketFlags.LaterFragment) != 0)
        {
            // What lies inside TCP's header would change what was judged (RFC 1858, RFC 3128).
            if (packet->Protocol == Tcp && packet->FragmentOffset < TcpHeader) return 0;
            var known = Maps.Fragments.Lookup(&key);
            if (known == null || now - known->Seen > FragmentLife) return 0;
            packet->SourcePortBe = known->SourcePortBe;
            packet->DestinationPortBe = known->DestinationPortBe;
            if (packet->Protocol == Tcp) packet->TcpFlags = known->TypeOrFlags;
            else packet->IcmpType = known->TypeOrFlags;
            packet->IcmpCode = known->IcmpCode;
            packet->IcmpIdBe = known->IcmpIdBe;
            packet->Flags |= PacketFlags.HasTransport;
            return 1;
        }
        // Without a whole transport header nobody could say what the others belong to.
        if ((packet->Flags & PacketFlags.BadTransport) != 0) return 1;
        FragmentPorts ports = default;
        ports.Seen = now;
        ports.SourcePortBe = packet->SourcePortBe;
        ports.DestinationPortBe = packet->DestinationPortBe;
        ports.TypeOrFlags = packet->Protocol == Tcp ? packet->TcpFlags : packet->IcmpType;
        ports.IcmpCode = packet->IcmpCode;
        ports.IcmpIdBe = packet->IcmpIdBe;
        Maps.Fragments.Update(&key, &ports, UpdateMode.Any);
        return 1;
    }

    private static void ReadTcp(Packet* packet, byte* tcp, uint room)
    {
        packet->SourcePortBe = *(ushort*)tcp;
        packet->DestinationPortBe = *(ushort*)(tcp + 2);
        packet->TcpFlags = tcp[13];
        var length = (uint)(tcp[12] >> 4) * 4;
        packet->TransportLength = (ushort)length;
        packet->Flags |= PacketFlags.HasTransport;
        if (length < 20 || (length > room && (packet->Flags & PacketFlags.Fragment) == 0)) packet->Flags |= PacketFlags.BadTransport;
    }

    private static void ReadPorts(Packet* packet, byte* transport, uint room)
    {
        packet->SourcePortBe = *(ushort*)transport;
        packet->DestinationPortBe = *(ushort*)(transport + 2);
        packet->TransportLength = 8;
        packet->Flags |= PacketFlags.HasTransport;
        if (packet->Protocol != Udp) return;
        uint length = BinaryPrimitives.ReverseEndianness(*(ushort*)(transport + 4));
        if (length < 8 || (length > room && (packet->Flags & PacketFlags.Fragment) == 0)) packet->Flags |= PacketFlags.BadTransport;
    }

    private static void ReadIcmp(Packet* packet, byte* icmp)
    {
        packet->IcmpType = icmp[0];
        packet->IcmpCode = icmp[1];
        packet->TransportLength = 8;
        packet->Flags |= PacketFlags.HasTransport;
        if (IsIcmpError(icmp[0])) packet->Flags |= PacketFlags.IcmpError;
        else packet->IcmpIdBe = *(ushort*)(icmp + 4);
    }

    /// <summary>Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792).</summary>
    private static bool IsIcmpError(byte type) => type is 3 or 4 or 5 or 11 or 12;
}
