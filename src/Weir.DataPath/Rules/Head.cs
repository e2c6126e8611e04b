using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>What a rule cell asks for by itself: addresses, devices, protocol, fragments, and the tcp, udp and icmp matches.</summary>
internal static unsafe class Head
{
    public static MatchResult Evaluate(Packet* packet, RuleCell* rule)
    {
        var inverts = rule->Inverts;
        if (((packet->Source.Word3Be & rule->SourceMaskBe) == rule->SourceBe) == ((inverts & RuleInverts.Source) != 0)) return MatchResult.No;
        if (((packet->Destination.Word3Be & rule->DestinationMaskBe) == rule->DestinationBe) == ((inverts & RuleInverts.Destination) != 0))
            return MatchResult.No;
        if (rule->Protocol != 0 && (rule->Protocol == packet->Protocol) == ((inverts & RuleInverts.Protocol) != 0)) return MatchResult.No;
        var flags = rule->Flags;
        if (flags == RuleFlags.None) return MatchResult.Yes;
        if ((flags & RuleFlags.Fragment) != 0)
        {
            packet->Flags |= PacketFlags.Varies;
            // Where packets are tracked a datagram is seen as a whole, as netfilter's reassembly shows it.
            var later = (packet->Flags & PacketFlags.LaterFragment) != 0 && (packet->Active & ActiveImage.Tracking) == 0;
            if (later == ((inverts & RuleInverts.Fragment) != 0)) return MatchResult.No;
        }
        if ((flags & (RuleFlags.Ports | RuleFlags.TcpFlags | RuleFlags.Icmp)) == 0) return MatchResult.Yes;
        if ((packet->Flags & PacketFlags.HasTransport) == 0) return Unreadable(packet);
        if ((flags & RuleFlags.Icmp) != 0)
        {
            return Icmp(packet, inverts, rule->IcmpType, rule->IcmpCodeMin, rule->IcmpCodeMax) ? MatchResult.Yes : MatchResult.No;
        }
        if ((flags & RuleFlags.Ports) != 0)
        {
            uint source = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(packet->SourcePortBe);
            uint destination = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(packet->DestinationPortBe);
            if ((source >= rule->SourcePortMin && source <= rule->SourcePortMax) == ((inverts & RuleInverts.SourcePorts) != 0))
                return MatchResult.No;
            if ((destination >= rule->DestinationPortMin && destination <= rule->DestinationPortMax) ==
                ((inverts & RuleInverts.DestinationPorts) != 0))
                return MatchResult.No;
        }
        if ((flags & RuleFlags.TcpFlags) == 0) return MatchResult.Yes;
        packet->Flags |= PacketFlags.Varies;
        if (((packet->TcpFlags & rule->TcpFlagsMask) == rule->TcpFlagsCompare) == ((inverts & RuleInverts.TcpFlags) != 0))
            return MatchResult.No;
        return MatchResult.Yes;
    }

    public static bool InterfacesMatch(Packet* packet, RuleCell* rule, InterfaceCell* names)
    {
        if (NameMatches(packet->InIfIndex, names->Words) == ((rule->Inverts & RuleInverts.InInterface) != 0)) return false;
        return NameMatches(packet->OutIfIndex, names->Words + 4) != ((rule->Inverts & RuleInverts.OutInterface) != 0);
    }

    /// <summary>No transport header to look at: a later fragment does not match, unless it would overwrite the header; what is cut off is dropped.</summary>
    public static MatchResult Unreadable(Packet* packet)
    {
        if ((packet->Flags & PacketFlags.LaterFragment) == 0) return MatchResult.HotDrop;
        return packet->FragmentOffset == 8 && packet->Protocol == Parse.Tcp ? MatchResult.HotDrop : MatchResult.No;
    }

    public static bool Icmp(Packet* packet, RuleInverts inverts, byte type, byte codeMin, byte codeMax)
    {
        var equal = type == 255 || (packet->IcmpType == type && packet->IcmpCode >= codeMin && packet->IcmpCode <= codeMax);
        return equal != ((inverts & RuleInverts.Icmp) != 0);
    }

    /// <summary>Words: the name's two, then the mask's two.</summary>
    private static bool NameMatches(uint ifIndex, ulong* words)
    {
        if ((words[2] | words[3]) == 0) return true;
        if (ifIndex == 0) return (words[0] | words[1]) == 0;
        var device = Maps.Devices.Lookup(&ifIndex);
        if (device == null) return false;
        var name = (ulong*)device->Name;
        return (((name[0] & words[2]) ^ words[0]) | ((name[1] & words[3]) ^ words[1])) == 0;
    }
}
