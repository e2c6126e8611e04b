using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Nat;

/// <summary>IPv6: no header checksum; every transport checksum covers the addresses.</summary>
public static unsafe partial class Rewrite
{
    private const uint HopLimitOffset = 7;
    private const uint SourceOffsetIPv6 = 8;
    private const uint DestinationOffsetIPv6 = 24;
    private const uint AddressLength = 16;

    /// <summary>As <see cref="ToFlow"/>.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    private static int ToFlowIPv6(SkBuff* skb, Packet* packet, uint end)
    {
        if (packet == null) return TcAction.Shot;
        IpAddress address;
        ushort portBe;
        // Of an error, the protocol of the packet inside.
        var isQuery = packet->Original.Protocol == Parse.Icmp;
        if (packet->Direction == 0)
        {
            var flow = FlowTable.Of(packet);
            if (flow == null) return TcAction.Shot;
            address = end == Destination ? flow->Reply.Source : flow->Reply.Destination;
            portBe = end == Destination || isQuery ? flow->Reply.SourcePortBe : flow->Reply.DestinationPortBe;
        }
        else
        {
            address = end == Destination ? packet->Original.Source : packet->Original.Destination;
            portBe = end == Destination || isQuery ? packet->Original.SourcePortBe : packet->Original.DestinationPortBe;
        }
        return EndIPv6(skb, packet, end, &address, portBe);
    }

    private static int EndIPv6(SkBuff* skb, Packet* packet, uint end, IpAddress* address, ushort portBe)
    {
        if ((packet->Flags & PacketFlags.IcmpError) != 0)
        {
            if (IcmpErrors.InsideIPv6(skb, packet, end, address, portBe) != 0) return Failed();
            portBe = packet->IcmpIdBe;
        }
        return AddressIPv6(skb, packet, end, address, portBe);
    }

    /// <summary>As <see cref="Address"/>.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    private static int AddressIPv6(SkBuff* skb, Packet* packet, uint end, IpAddress* address, ushort portBe)
    {
        if (packet == null || address == null) return TcAction.Shot;
        var old = end == Destination ? packet->Destination : packet->Source;
        if ((packet->Flags & (PacketFlags.LaterFragment | PacketFlags.HasTransport)) == PacketFlags.HasTransport && !TransportIPv6(skb, packet, end, &old, address, portBe))
            return Failed();
        if (!IpAddress.AreEqual(&old, address))
        {
            // The checksum that was changed for the pseudo-header has moved the sum over the whole packet (CHECKSUM_COMPLETE); the address moves it back.
            var offset = packet->NetworkOffset + (end == Destination ? DestinationOffsetIPv6 : SourceOffsetIPv6);
            if (Helpers.SkbStoreBytes(skb, offset, address, AddressLength, StoreFlags.RecomputeChecksum) != 0) return Failed();
        }
        if (end == Destination) packet->Destination = *address;
        else packet->Source = *address;
        if (packet->Protocol == Parse.Icmp) packet->IcmpIdBe = portBe;
        else if (end == Destination) packet->DestinationPortBe = portBe;
        else packet->SourcePortBe = portBe;
        return TcAction.Continue;
    }

    private static bool TransportIPv6(SkBuff* skb, Packet* packet, uint end, IpAddress* old, IpAddress* address, ushort portBe)
    {
        uint transport = packet->TransportOffset;
        uint checksum;
        ulong flags = 0;
        var port = end == Destination ? 2u : 0;
        var oldPortBe = end == Destination ? packet->DestinationPortBe : packet->SourcePortBe;
        switch (packet->Protocol)
        {
            case Parse.Tcp:
                checksum = 16;
                break;
            case Parse.Udp:
                checksum = 6;
                flags = ChecksumFlags.MarkMangledZero;
                break;
            case Parse.UdpLite:
                checksum = 6;
                break;
            case Parse.Icmp:
                checksum = 2;
                port = 4;
                oldPortBe = packet->IcmpIdBe;
                break;
            case Parse.Sctp:
                if (oldPortBe == portBe) return true;
                if (!SctpChecksum.Adapt(skb, packet, transport, port, oldPortBe, portBe)) return false;
                return Helpers.SkbStoreBytes(skb, transport + port, &portBe, 2, 0) == 0;
            default:
                return oldPortBe == portBe;
        }
        if (!IpAddress.AreEqual(old, address))
        {
            var difference = (uint)Helpers.CsumDiff((uint*)old, AddressLength, (uint*)address, AddressLength, 0);
            if (Helpers.L4CsumReplace(skb, transport + checksum, 0, difference, flags | ChecksumFlags.PseudoHeader) != 0) return false;
        }
        if (oldPortBe == portBe) return true;
        if (Helpers.L4CsumReplace(skb, transport + checksum, oldPortBe, portBe, flags | 2) != 0) return false;
        return Helpers.SkbStoreBytes(skb, transport + port, &portBe, 2, 0) == 0;
    }
}
