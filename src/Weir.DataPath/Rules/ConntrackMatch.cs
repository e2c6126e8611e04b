using System.Buffers.Binary;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>-m conntrack and -m state.</summary>
internal static unsafe class ConntrackMatch
{
    public static MatchResult Evaluate(Packet* packet, ConntrackMatchCell* cell)
    {
        var parts = cell->Parts;
        var inverts = cell->Inverts;
        var tracked = packet->State is TrackState.New or TrackState.Established or TrackState.Related;
        if ((parts & ConntrackParts.State) != 0)
        {
            var state = packet->State == TrackState.None ? TrackState.Invalid : packet->State;
            var bits = 1u << (int)state;
            if (tracked)
            {
                if ((packet->FlowStatus & FlowStatus.SourceNat) != 0) bits |= (uint)ConntrackStates.SourceNat;
                if ((packet->FlowStatus & FlowStatus.DestinationNat) != 0) bits |= (uint)ConntrackStates.DestinationNat;
            }
            if ((((uint)cell->States & bits) != 0) == ((inverts & ConntrackParts.State) != 0)) return MatchResult.No;
        }
        if (!tracked) return Matches.Result((parts & ConntrackParts.State) != 0);
        if ((parts & ConntrackParts.Direction) != 0 &&
            (packet->Direction == cell->Direction) == ((inverts & ConntrackParts.Direction) != 0)) return MatchResult.No;
        if ((parts & ConntrackParts.Protocol) != 0 &&
            (packet->Original.Protocol == cell->Protocol) == ((inverts & ConntrackParts.Protocol) != 0)) return MatchResult.No;
        if ((parts & (ConntrackParts.Status | ConntrackParts.Expires)) == 0) return MatchResult.Yes;
        var flow = FlowTable.Of(packet);
        if (flow == null) return MatchResult.No;
        if ((parts & ConntrackParts.Status) != 0 &&
            (((uint)flow->Status & cell->Statuses) != 0) == ((inverts & ConntrackParts.Status) != 0)) return MatchResult.No;
        if ((parts & ConntrackParts.Expires) == 0) return MatchResult.Yes;
        var now = Helpers.KtimeGetNs();
        var left = flow->Expires > now ? (flow->Expires - now) / Timeouts.Second : 0;
        return Matches.Result((left >= cell->ExpiresMin && left <= cell->ExpiresMax) != ((inverts & ConntrackParts.Expires) != 0));
    }

    public static MatchResult EvaluateAddress(Packet* packet, ConntrackAddressMatchCell* cell)
    {
        if (packet->State is not (TrackState.New or TrackState.Established or TrackState.Related)) return MatchResult.No;
        var flow = FlowTable.Of(packet);
        if (flow == null) return MatchResult.No;
        IpAddress address;
        if (cell->Side == ConntrackSide.OriginalSource) address = packet->Original.Source;
        else if (cell->Side == ConntrackSide.OriginalDestination) address = packet->Original.Destination;
        else if (cell->Side == ConntrackSide.ReplySource) address = flow->Reply.Source;
        else address = flow->Reply.Destination;
        var equal = (address.Word0Be & cell->Mask.Word0Be) == cell->Address.Word0Be && (address.Word1Be & cell->Mask.Word1Be) == cell->Address.Word1Be &&
            (address.Word2Be & cell->Mask.Word2Be) == cell->Address.Word2Be && (address.Word3Be & cell->Mask.Word3Be) == cell->Address.Word3Be;
        return Matches.Result(equal != (cell->Invert != 0));
    }

    public static MatchResult EvaluatePort(Packet* packet, ConntrackPortMatchCell* cell)
    {
        if (packet->State is not (TrackState.New or TrackState.Established or TrackState.Related)) return MatchResult.No;
        var flow = FlowTable.Of(packet);
        if (flow == null) return MatchResult.No;
        ushort portBe;
        if (cell->Side == ConntrackSide.OriginalSource) portBe = packet->Original.SourcePortBe;
        else if (cell->Side == ConntrackSide.OriginalDestination) portBe = packet->Original.DestinationPortBe;
        else if (cell->Side == ConntrackSide.ReplySource) portBe = flow->Reply.SourcePortBe;
        else portBe = flow->Reply.DestinationPortBe;
        uint port = BinaryPrimitives.ReverseEndianness(portBe);
        return Matches.Result((port >= cell->Min && port <= cell->Max) != (cell->Invert != 0));
    }
}
