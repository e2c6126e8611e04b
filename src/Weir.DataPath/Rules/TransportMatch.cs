using System.Buffers.Binary;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>A further tcp, udp or icmp match of a rule.</summary>
internal static unsafe class TransportMatch
{
    public static MatchResult Evaluate(Packet* packet, TransportMatchCell* cell)
    {
        if ((packet->Flags & PacketFlags.HasTransport) == 0) return Head.Unreadable(packet);
        var inverts = cell->Inverts;
        var flags = cell->Flags;
        if ((flags & RuleFlags.Icmp) != 0)
            return Matches.Result(Head.Icmp(packet, inverts, cell->IcmpType, cell->IcmpCodeMin, cell->IcmpCodeMax));
        uint source = BinaryPrimitives.ReverseEndianness(packet->SourcePortBe);
        uint destination = BinaryPrimitives.ReverseEndianness(packet->DestinationPortBe);
        if ((source >= cell->SourcePortMin && source <= cell->SourcePortMax) == ((inverts & RuleInverts.SourcePorts) != 0))
            return MatchResult.No;
        if ((destination >= cell->DestinationPortMin && destination <= cell->DestinationPortMax) == ((inverts & RuleInverts.DestinationPorts) != 0))
            return MatchResult.No;
        return Matches.Result((flags & RuleFlags.TcpFlags) == 0 ||
            ((packet->TcpFlags & cell->TcpFlagsMask) == cell->TcpFlagsCompare) != ((inverts & RuleInverts.TcpFlags) != 0));
    }
}
