using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m connlimit: a flow joins a rule's count when it first meets the rule, and leaves it when it closes or ends.</summary>
internal static unsafe class ConnLimitMatch
{
    public static MatchResult Evaluate(Packet* packet, ConnLimitMatchCell* cell)
    {
        if (packet->State is not (TrackState.New or TrackState.Established or TrackState.Related)) return MatchResult.HotDrop;
        var flow = FlowTable.Of(packet);
        if (flow == null) return MatchResult.HotDrop;
        var member = cell->StateSlot & 0xffff | (uint)cell->PrefixLength << ConnLimitMember.PrefixShift |
            SideOf(packet, cell) << ConnLimitMember.SideShift | ConnLimitMember.Present;
        ConnLimitKey key = default;
        ConnLimits.KeyOf(&packet->Original, flow, member, &key);
        var count = Maps.ConnLimits.Lookup(&key);
        if (flow->ConnLimit0 != member && flow->ConnLimit1 != member && flow->ConnLimit2 != member &&
            flow->TcpState is not (TcpState.TimeWait or TcpState.Close) && Join(flow, member))
        {
            if (count == null)
            {
                var zero = 0;
                Maps.ConnLimits.Update(&key, &zero, UpdateMode.NoExist);
                count = Maps.ConnLimits.Lookup(&key);
            }
            if (count != null) Interlocked.Add(ref *count, 1);
        }
        var connections = count == null ? 0 : (uint)*count;
        return Matches.Result(connections > cell->Limit != (cell->Invert != 0));
    }

    /// <summary>Whose address it is, by the packet's direction and by what is translated already.</summary>
    private static uint SideOf(Packet* packet, ConnLimitMatchCell* cell)
    {
        if (packet->Direction != 0) return cell->ByDestination != 0 ? ConnLimitMember.OriginalSource : ConnLimitMember.ReplySource;
        if (cell->ByDestination == 0) return ConnLimitMember.OriginalSource;
        return packet->Hook == Hook.Prerouting ? ConnLimitMember.OriginalDestination : ConnLimitMember.ReplySource;
    }

    private static bool Join(Flow* flow, uint member)
    {
        if (flow->ConnLimit0 == 0) flow->ConnLimit0 = member;
        else if (flow->ConnLimit1 == 0) flow->ConnLimit1 = member;
        else if (flow->ConnLimit2 == 0) flow->ConnLimit2 = member;
        else return false;
        return true;
    }
}
