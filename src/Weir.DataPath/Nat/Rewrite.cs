using System.Buffers.Binary;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Rules;

namespace Weir.DataPath.Nat;

/// <summary>Changing addresses and ports in a packet, with its checksums: the only place that does.</summary>
public static unsafe partial class Rewrite
{
    private const uint TimeToLiveOffset = 8;
    private const uint SourceOffset = 12;
    private const uint DestinationOffset = 16;

    /// <summary>Which end a manipulation changes.</summary>
    public const uint Source = 0;
    public const uint Destination = 1;

    /// <summary>Whether the packet's flow asks for this manipulation of this packet.</summary>
    public static bool IsNeeded(Packet* packet, uint end)
    {
        // What is done to the destination of one direction is undone at the source of the other.
        var bit = (end == Destination) == (packet->Direction == 0) ? FlowStatus.DestinationNat : FlowStatus.SourceNat;
        return (packet->FlowStatus & bit) != 0;
    }

    /// <summary>Makes one end of the packet what the flow's other direction expects.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int ToFlow(SkBuff* skb, Packet* packet, uint end)
    {
        if (packet == null) return TcAction.Shot;
        if ((packet->Flags & PacketFlags.IPv6) != 0) return ToFlowIPv6(skb, packet, end);
        uint addressBe;
        ushort portBe;
        // Of an error, the protocol of the packet inside.
        var isQuery = packet->Original.Protocol == Parse.Icmp;
        if ((packet->Flags & PacketFlags.Answer) != 0)
        {
            if (end != Source) return TcAction.Continue;
            if (!Answers.Remembers(skb)) return Failed();
            addressBe = Answers.AddressBe(skb);
            portBe = Answers.PortBe(skb);
        }
        else if (packet->Direction == 0 && end == Destination && (packet->Flags & (PacketFlags.NewFlow | PacketFlags.IcmpError)) == 0)
        {
            addressBe = packet->TranslatedBe;
            portBe = packet->TranslatedPortBe;
        }
        else if (packet->Direction == 0)
        {
            var flow = FlowTable.Of(packet);
            if (flow == null) return TcAction.Shot;
            addressBe = end == Destination ? flow->Reply.Source.Word3Be : flow->Reply.Destination.Word3Be;
            portBe = end == Destination || isQuery ? flow->Reply.SourcePortBe : flow->Reply.DestinationPortBe;
        }
        else
        {
            addressBe = end == Destination ? packet->Original.Source.Word3Be : packet->Original.Destination.Word3Be;
            portBe = end == Destination || isQuery ? packet->Original.SourcePortBe : packet->Original.DestinationPortBe;
        }
        return End(skb, packet, end, addressBe, portBe);
    }

    /// <summary>Makes the destination the virtual address of the packet's flow, which a rule led it to.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int ToVirtual(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow != null && (packet->Flags & PacketFlags.IPv6) != 0)
        {
            var address = flow->Virtual;
            return EndIPv6(skb, packet, Destination, &address, flow->VirtualPortBe);
        }
        return flow == null ? TcAction.Shot : End(skb, packet, Destination, flow->Virtual.Word3Be, flow->VirtualPortBe);
    }

    /// <summary>Sets one end's address and port (for ICMP queries: the identifier), in the packet and in what is known of it.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Address(SkBuff* skb, Packet* packet, uint end, uint addressBe, ushort portBe)
    {
        if (packet == null) return TcAction.Shot;
        uint network = packet->NetworkOffset;
        uint transport = packet->TransportOffset;
        var oldBe = end == Destination ? packet->Destination.Word3Be : packet->Source.Word3Be;
        if ((packet->Flags & (PacketFlags.LaterFragment | PacketFlags.HasTransport)) == PacketFlags.HasTransport)
        {
            var oldPortBe = packet->Protocol == Parse.Icmp ? packet->IcmpIdBe :
                end == Destination ? packet->DestinationPortBe : packet->SourcePortBe;
            if (!Transport(skb, packet, transport, end, oldBe, addressBe, oldPortBe, portBe)) return Failed();
        }
        if (oldBe != addressBe)
        {
            // The header was read from the packet's linear part, at 0 or 14 (the mask tells the verifier). Its checksum changes by as much as the address, so a sum over both stays (CHECKSUM_COMPLETE).
            var ip = SkBuff.Data(skb) + (network & 63);
            if (ip + 20 > SkBuff.DataEnd(skb)) return Failed();
            *(ushort*)(ip + 10) = Checksum(*(ushort*)(ip + 10), oldBe, addressBe);
            if (end == Destination) *(uint*)(ip + DestinationOffset) = addressBe;
            else *(uint*)(ip + SourceOffset) = addressBe;
        }
        if (end == Destination) packet->Destination.Word3Be = addressBe;
        else packet->Source.Word3Be = addressBe;
        if (packet->Protocol == Parse.Icmp) packet->IcmpIdBe = portBe;
        else if (end == Destination) packet->DestinationPortBe = portBe;
        else packet->SourcePortBe = portBe;
        return TcAction.Continue;
    }

    /// <summary>What forwarding does to the header. False: it failed.</summary>
    public static bool DecrementTimeToLive(SkBuff* skb, Packet* packet)
    {
        var ip = SkBuff.Data(skb) + ((uint)packet->NetworkOffset & 63);
        if (ip + 20 > SkBuff.DataEnd(skb)) return false;
        packet->TimeToLive--;
        if ((packet->Flags & PacketFlags.IPv6) != 0)
        {
            ip[HopLimitOffset] = packet->TimeToLive;
            return true;
        }
        *(ushort*)(ip + 10) = Checksum(*(ushort*)(ip + 10), ip[TimeToLiveOffset], packet->TimeToLive);
        ip[TimeToLiveOffset] = packet->TimeToLive;
        return true;
    }

    /// <summary>One end of a flow's packet, or of an error about one.</summary>
    private static int End(SkBuff* skb, Packet* packet, uint end, uint addressBe, ushort portBe)
    {
        if ((packet->Flags & PacketFlags.IcmpError) != 0)
        {
            if (IcmpErrors.Inside(skb, packet, end, addressBe, portBe) != 0) return Failed();
            portBe = packet->IcmpIdBe;
        }
        return Address(skb, packet, end, addressBe, portBe);
    }

    /// <summary>A header's checksum after a 32-bit word of it changed (RFC 1624, equation 3; one's complement sums do not mind the byte order).</summary>
    private static ushort Checksum(ushort old, uint from, uint to)
    {
        ulong sum = (ushort)~old;
        sum += (ulong)~from + to;
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    private static bool Transport(SkBuff* skb, Packet* packet, uint transport, uint end, uint oldBe, uint addressBe, ushort oldPortBe, ushort portBe)
    {
        uint checksum;
        ulong flags = 0;
        var port = end == Destination ? 2u : 0;
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
                // No pseudo-header; the identifier is the only thing that may change.
                if (oldPortBe == portBe) return true;
                if (Helpers.L4CsumReplace(skb, transport + 2, oldPortBe, portBe, 2) != 0) return false;
                return Helpers.SkbStoreBytes(skb, transport + 4, &portBe, 2, 0) == 0;
            case Parse.Sctp:
                if (oldPortBe == portBe) return true;
                if (!SctpChecksum.Adapt(skb, packet, transport, port, oldPortBe, portBe)) return false;
                return Helpers.SkbStoreBytes(skb, transport + port, &portBe, 2, 0) == 0;
            default:
                return oldPortBe == portBe;
        }
        if (oldBe != addressBe &&
            Helpers.L4CsumReplace(skb, transport + checksum, oldBe, addressBe, flags | ChecksumFlags.PseudoHeader | 4) != 0) return false;
        if (oldPortBe == portBe) return true;
        if (Helpers.L4CsumReplace(skb, transport + checksum, oldPortBe, portBe, flags | 2) != 0) return false;
        return Helpers.SkbStoreBytes(skb, transport + port, &portBe, 2, 0) == 0;
    }

    private static int Failed()
    {
        Statistics.RewriteFailed();
        return TcAction.Shot;
    }
}
