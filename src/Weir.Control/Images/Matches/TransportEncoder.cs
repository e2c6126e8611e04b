using Weir.DataPath.Image;
using Weir.Model;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>tcp, udp and icmp: the first of a rule goes into the rule's own cell, any other into a cell of its own.</summary>
internal static class TransportEncoder
{
    private const byte ProtocolIcmp = 1;
    private const byte ProtocolTcp = 6;
    private const byte ProtocolUdp = 17;

    public static void Encode(TcpMatch match, ref RuleCell cell, MatchList matches)
    {
        if (!HasProtocol(matches, ProtocolTcp, "tcp")) return;
        var condition = Ports(match.SourcePorts, match.InvertSourcePorts, match.DestinationPorts, match.InvertDestinationPorts);
        if (match.FlagMask != 0 || match.InvertFlags)
        {
            condition.Flags |= RuleFlags.TcpFlags;
            condition.TcpFlagsMask = match.FlagMask;
            condition.TcpFlagsCompare = match.FlagValue;
            if (match.InvertFlags) condition.Inverts |= RuleInverts.TcpFlags;
        }
        condition.TcpOption = match.Option;
        if (match.InvertOption) condition.Inverts |= RuleInverts.TcpOption;
        Place(condition, ref cell, matches);
    }

    public static void Encode(UdpMatch match, ref RuleCell cell, MatchList matches)
    {
        if (!HasProtocol(matches, ProtocolUdp, "udp")) return;
        Place(Ports(match.SourcePorts, match.InvertSourcePorts, match.DestinationPorts, match.InvertDestinationPorts), ref cell, matches);
    }

    public static void Encode(IcmpMatch match, ref RuleCell cell, MatchList matches)
    {
        if (!HasProtocol(matches, ProtocolIcmp, "icmp")) return;
        Place(new()
        {
            Kind = MatchKind.Transport,
            Flags = RuleFlags.Icmp,
            Inverts = match.Invert ? RuleInverts.Icmp : RuleInverts.None,
            IcmpType = match.Type,
            IcmpCodeMin = match.CodeMin,
            IcmpCodeMax = match.CodeMax,
        }, ref cell, matches);
    }

    private static bool HasProtocol(MatchList matches, byte protocol, string name)
    {
        if (matches.Rule.Protocol == protocol && !matches.Rule.InvertProtocol) return true;
        matches.Builder.NotSupported($"the match '{name}' is for rules with -p {name}");
        return false;
    }

    private static TransportMatchCell Ports(PortRange source, bool invertSource, PortRange destination, bool invertDestination)
    {
        var cell = new TransportMatchCell
        {
            Kind = MatchKind.Transport,
            Flags = RuleFlags.Ports,
            SourcePortMin = source.Min,
            SourcePortMax = source.Max,
            DestinationPortMin = destination.Min,
            DestinationPortMax = destination.Max,
        };
        if (invertSource) cell.Inverts |= RuleInverts.SourcePorts;
        if (invertDestination) cell.Inverts |= RuleInverts.DestinationPorts;
        return cell;
    }

    private static void Place(TransportMatchCell condition, ref RuleCell cell, MatchList matches)
    {
        if ((cell.Flags & (RuleFlags.Ports | RuleFlags.Icmp)) != 0 || !matches.CanUseRuleCell)
        {
            matches.Add(condition);
            return;
        }
        cell.Flags |= condition.Flags;
        cell.Inverts |= condition.Inverts;
        cell.TcpFlagsMask = condition.TcpFlagsMask;
        cell.TcpFlagsCompare = condition.TcpFlagsCompare;
        cell.SourcePortMin = condition.SourcePortMin;
        cell.SourcePortMax = condition.SourcePortMax;
        cell.DestinationPortMin = condition.DestinationPortMin;
        cell.DestinationPortMax = condition.DestinationPortMax;
        cell.IcmpType = condition.IcmpType;
        cell.IcmpCodeMin = condition.IcmpCodeMin;
        cell.IcmpCodeMax = condition.IcmpCodeMax;
        cell.TcpOption = condition.TcpOption;
    }
}
