using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath;

/// <summary>IPv6 (RFC 8200).</summary>
internal static unsafe partial class Parse
{
    public const byte Icmp6 = 58;

    /// <summary>The fixed header.</summary>
    public const uint IPv6Header = 40;

    private const byte HopByHop = 0, RoutingHeader = 43, FragmentHeader = 44, Authentication = 51, DestinationOptions = 60;

    /// <summary>Extension headers that are read, and bytes up to the transport header that the rest of the data path reckons with.</summary>
    private const int MostExtensions = 6;
    private const uint MostHeaders = 200;

    /// <summary>No transport header follows.</summary>
    private const byte NoProtocol = 59;

    /// <summary>Reads the headers up to the start of the transport header.</summary>
    /// <returns>
    /// 0: nothing for the data path to do. What IP itself refuses or no flow consists of: link-local and multicast packets, neighbour discovery and the like, and
    /// what is on its way to another address than it says (a routing header).
    /// </returns>
    [Subprogram(Global = true)]
    public static int IPv6(SkBuff* skb, Packet* packet, uint offset)
    {
        if (packet == null) return 0;
        offset &= 15;
        var data = SkBuff.Data(skb);
        var end = SkBuff.DataEnd(skb);
        var length = skb->Length;
        var needed = offset + IPv6Header + TcpHeader;
        if (needed > length) needed = length;
        if ((uint)(end - data) < needed)
        {
            if (Helpers.SkbPullData(skb, needed) != 0) return 0;
            data = SkBuff.Data(skb);
            end = SkBuff.DataEnd(skb);
        }
        var ip = data + offset;
        if (ip + IPv6Header > end || ip[0] >> 4 != 6) return 0;
        var room = length - offset - IPv6Header;
        uint payload = Bits.Swap(*(ushort*)(ip + 4));
        // Segments that are still together may be longer than the header can say.
        if (payload != room && skb->GsoSize != 0) payload = room;
        if (payload == 0 || payload > room) return 0;
        var words = (uint*)(ip + 8);
        packet->Source.Word0Be = words[0];
        packet->Source.Word1Be = words[1];
        packet->Source.Word2Be = words[2];
        packet->Source.Word3Be = words[3];
        packet->Destination.Word0Be = words[4];
        packet->Destination.Word1Be = words[5];
        packet->Destination.Word2Be = words[6];
        packet->Destination.Word3Be = words[7];
        if (IsNotRouted(&packet->Source) || IsNotRouted(&packet->Destination)) return 0;
        packet->NetworkOffset = (ushort)offset;
        packet->Length = IPv6Header + payload;
        packet->TypeOfService = (byte)(ip[0] << 4 | ip[1] >> 4);
        packet->TimeToLive = ip[7];
        packet->Flags |= PacketFlags.IPv6;
        Headers headers = default;
        headers.Next = ip[6];
        headers.Length = IPv6Header;
        if (headers.Next is not (Tcp or Udp or Icmp6) && !SkipExtensions(skb, packet, &headers, offset)) return 0;
        var header = headers.Length;
        if (header > MostHeaders || header > packet->Length) return 0;
        packet->HeaderLength = (byte)header;
        packet->TransportOffset = (ushort)(offset + header);
        packet->Protocol = headers.Next == Icmp6 ? Icmp : headers.Next == Icmp ? NoProtocol : headers.Next;
        if ((packet->Flags & PacketFlags.LaterFragment) != 0) return 1;
        return ReadTransport(skb, packet, offset + header, packet->Length - header);
    }

    private static int ReadTransport(SkBuff* skb, Packet* packet, uint at, uint room)
    {
        var needed = packet->Protocol == Tcp ? TcpHeader : packet->Protocol == Sctp ? SctpHeader + 4 : 8;
        if (room < needed)
        {
            if (packet->Protocol == Icmp) return 0;
            if (HasPorts(packet->Protocol)) packet->Flags |= PacketFlags.BadTransport;
            return 1;
        }
        if (packet->Protocol != Icmp && !HasPorts(packet->Protocol)) return 1;
        at &= 255;
        var transport = SkBuff.Data(skb) + at;
        if (transport + needed > SkBuff.DataEnd(skb))
        {
            if (Helpers.SkbPullData(skb, at + needed) != 0) return 0;
            transport = SkBuff.Data(skb) + at;
        }
        if (packet->Protocol == Tcp)
        {
            if (transport + TcpHeader > SkBuff.DataEnd(skb)) return 0;
            ReadTcp(packet, transport, room);
            return 1;
        }
        if (transport + 8 > SkBuff.DataEnd(skb)) return 0;
        if (packet->Protocol != Icmp)
        {
            ReadPorts(packet, transport, room);
            if (packet->Protocol == Sctp && transport + SctpHeader < SkBuff.DataEnd(skb)) packet->TcpFlags = transport[SctpHeader];
            return 1;
        }
        return ReadIcmp6(packet, transport);
    }

    /// <summary>Takes what says the same in ICMP. The rest (neighbour discovery, group membership, …) is the stack's.</summary>
    private static int ReadIcmp6(Packet* packet, byte* icmp)
    {
        packet->IcmpCode = icmp[1];
        packet->TransportLength = 8;
        packet->Flags |= PacketFlags.HasTransport;
        if (icmp[0] is Icmp6Type.EchoRequest or Icmp6Type.EchoReply)
        {
            packet->IcmpType = icmp[0] == Icmp6Type.EchoRequest ? (byte)8 : (byte)0;
            packet->IcmpIdBe = *(ushort*)(icmp + 4);
            return 1;
        }
        packet->IcmpType = icmp[0] switch
        {
            Icmp6Type.Unreachable or Icmp6Type.TooBig => 3,
            Icmp6Type.TimeExceeded => 11,
            _ => 12,
        };
        packet->Flags |= PacketFlags.IcmpError;
        return icmp[0] is >= Icmp6Type.Unreachable and <= Icmp6Type.ParameterProblem ? 1 : 0;
    }

    private static bool SkipExtensions(SkBuff* skb, Packet* packet, Headers* headers, uint offset)
    {
        for (var i = 0; i < MostExtensions; i++)
        {
            if (headers->Next is not (HopByHop or RoutingHeader or FragmentHeader or Authentication or DestinationOptions)) return true;
            ExtensionStart start = default;
            if (Helpers.SkbLoadBytes(skb, offset + headers->Length, &start, 8) != 0) return false;
            uint length = 8;
            if (headers->Next == FragmentHeader)
            {
                uint place = Bits.Swap(start.FragmentBe);
                packet->IdentificationBe = start.IdentificationBe;
                packet->FragmentOffset = (ushort)(place & 0xfff8);
                // One that is all by itself is none (RFC 6946).
                if ((place & 0xfff9) != 0) packet->Flags |= PacketFlags.Fragment;
                if ((place & 0xfff8) != 0) packet->Flags |= PacketFlags.LaterFragment;
            }
            else if (headers->Next == Authentication)
            {
                length = (start.Length + 2u) * 4;
            }
            else
            {
                if (headers->Next == RoutingHeader && start.SegmentsLeft != 0) return false;
                length = (start.Length + 1u) * 8;
            }
            headers->Next = start.Next;
            headers->Length += length;
            if (headers->Length > MostHeaders) return false;
            if ((packet->Flags & PacketFlags.LaterFragment) != 0) return true;
        }
        return headers->Next is not (HopByHop or RoutingHeader or FragmentHeader or Authentication or DestinationOptions);
    }

    /// <summary>Link-local and multicast addresses, and the unspecified one.</summary>
    private static bool IsNotRouted(IpAddress* address) =>
        (address->Word0Be & 0xff) == 0xff || (address->Word0Be & 0xc0ff) == 0x80fe || (address->Word0Be | address->Word1Be | address->Word2Be | address->Word3Be) == 0;

    /// <summary>How far the headers are read.</summary>
    private struct Headers
    {
        public uint Length;
        public byte Next;
    }

    /// <summary>The first 8 bytes of an extension header; of a fragment header all.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ExtensionStart
    {
        public byte Next;

        /// <summary>In units of 8 bytes without the first; authentication: of 4 bytes without the first two.</summary>
        public byte Length;

        /// <summary>Offset in units of 8 bytes and, in the lowest bit, whether more follow; the second byte of a routing header says how many addresses are still ahead.</summary>
        public ushort FragmentBe;
        public uint IdentificationBe;

        public readonly byte SegmentsLeft => (byte)(FragmentBe >> 8);
    }
}
