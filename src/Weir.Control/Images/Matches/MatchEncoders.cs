using Weir.DataPath.Image;
using Weir.Model.Rules;
using Weir.Model.Rules.Matches;

namespace Weir.Control.Images.Matches;

/// <summary>The list of match encoders.</summary>
internal static class MatchEncoders
{
    public static void Encode(Match match, ref RuleCell cell, MatchList matches)
    {
        switch (match)
        {
            case TcpMatch tcp: TransportEncoder.Encode(tcp, ref cell, matches); break;
            case UdpMatch udp: TransportEncoder.Encode(udp, ref cell, matches); break;
            case IcmpMatch icmp: TransportEncoder.Encode(icmp, ref cell, matches); break;
            case MultiportMatch multiport: MultiportEncoder.Encode(multiport, matches); break;
            case ConntrackMatch conntrack: ConntrackEncoder.Encode(conntrack, matches); break;
            case StateMatch state: StateEncoder.Encode(state, matches); break;
            case StatisticMatch statistic: StatisticEncoder.Encode(statistic, matches); break;
            case ConnlimitMatch connlimit: ConnlimitEncoder.Encode(connlimit, matches); break;
            case LimitMatch limit: LimitEncoder.Encode(limit, matches); break;
            case MarkMatch mark: MarkMatchEncoder.Encode(mark, matches); break;
            case AddrtypeMatch addrtype: AddrtypeEncoder.Encode(addrtype, matches); break;
            case CommentMatch: break;
            default: matches.Builder.NotSupported($"the match '{match.Name}' is not supported"); break;
        }
    }
}
