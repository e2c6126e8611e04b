using System.Buffers.Binary;
using Weir.Bpf.Programs;

namespace Weir.DataPath.Flows;

/// <summary>
/// Where the table of <see cref="TcpStates"/> is not enough: what netfilter makes of resets, of SYNs on connections that it thinks open, and of the answers
/// to those. It needs the highest sequence numbers of each side, which are followed as with net.netfilter.nf_conntrack_tcp_be_liberal: windows do not count.
/// </summary>
internal static unsafe class TcpTracking
{
    /// <summary>The fixed header, of which the numbers are a part.</summary>
    private const uint HeaderLength = 20;

    /// <summary>More than any offset of a transport header; a mask, so that the verifier knows it too.</summary>
    private const uint OffsetMask = 255;

    private const byte ReplyKind = 8;

    /// <summary>Where the header of a packet in an skb is.</summary>
    public static byte* HeaderOf(SkBuff* skb, Packet* packet) => SkBuff.Data(skb) + (packet->TransportOffset & OffsetMask);

    /// <summary>The first segment of a flow. <paramref name="tcp"/>: its header, <paramref name="packetEnd"/>: the packet's end.</summary>
    public static void Begin(Packet* packet, Flow* flow, byte* tcp, byte* packetEnd)
    {
        Segment segment = default;
        if (!Read(packet, tcp, packetEnd, &segment)) return;
        flow->TcpEnd0 = segment.End;
        flow->TcpNotes = TcpNotes.OriginalSeen;
        flow->TcpLastEnd = segment.End;
        flow->TcpLast = (byte)TcpStates.KindOf(packet->TcpFlags);
    }

    /// <summary>The state after a segment, <see cref="TcpStates.Invalid"/>, <see cref="TcpStates.Ignored"/> or <see cref="TcpStates.Reopened"/>.</summary>
    public static uint Next(Packet* packet, Flow* flow, byte* tcp, byte* packetEnd)
    {
        uint old = (uint)flow->TcpState;
        uint direction = packet->Direction & 1u;
        var kind = TcpStates.KindOf(packet->TcpFlags);
        uint next = TcpStates.Next(direction, kind, old);
        Segment segment = default;
        if (next == TcpStates.Invalid || !Read(packet, tcp, packetEnd, &segment)) return TcpStates.Invalid;
        segment.Last = flow->TcpLast;
        segment.Own = (byte)(kind | direction * ReplyKind);
        var notes = flow->TcpNotes;
        if (next == (uint)TcpState.SynSent && old >= (uint)TcpState.TimeWait)
        {
            // Who closed a connection may open it anew at once. Others may know more of it than is known here: see what is answered.
            // ip_vs lets anyone.
            if ((flow->Status & FlowStatus.Service) != 0) return TcpStates.Reopened;
            if ((notes & TcpNotes.Closed) != 0 || segment.Last == (TcpStates.KindRst | direction * ReplyKind)) return TcpStates.Reopened;
            next = TcpStates.Ignored;
        }
        if (next == TcpStates.Ignored)
        {
            var isAgreed = kind == TcpStates.KindSynAck && segment.Last == (TcpStates.KindSyn | (direction ^ 1) * ReplyKind) &&
                segment.Acknowledgement == flow->TcpLastEnd;
            if (!isAgreed)
            {
                flow->TcpLast = segment.Own;
                flow->TcpLastEnd = segment.End;
                if (kind == TcpStates.KindSyn && old == (uint)TcpState.LastAck) flow->TcpNotes = notes | TcpNotes.ChallengeExpected;
                return TcpStates.Ignored;
            }
            // The SYN was right after all.
            if (direction != 0) flow->TcpEnd0 = flow->TcpLastEnd;
            else flow->TcpEnd1 = flow->TcpLastEnd;
            flow->TcpNotes = direction != 0 ? TcpNotes.OriginalSeen : TcpNotes.ReplySeen;
            old = (uint)TcpState.SynSent;
            next = (uint)TcpState.SynReceived;
        }
        else if (next == (uint)TcpState.SynSent2)
        {
            flow->TcpNotes = notes | TcpNotes.SimultaneousOpen;
        }
        else if (next == (uint)TcpState.SynReceived)
        {
            if (direction != 0 && kind == TcpStates.KindAck && (notes & TcpNotes.SimultaneousOpen) != 0) next = (uint)TcpState.Established;
        }
        else if (next == (uint)TcpState.TimeWait)
        {
            // A challenge (RFC 5961) to a SYN acknowledges no FIN.
            if (old == (uint)TcpState.LastAck && kind == TcpStates.KindAck && (notes & TcpNotes.ChallengeExpected) != 0 &&
                segment.Last == (TcpStates.KindSyn | (direction ^ 1) * ReplyKind))
            {
                flow->TcpNotes = notes & ~TcpNotes.ChallengeExpected;
                return TcpStates.Ignored;
            }
        }
        else if (next == (uint)TcpState.Close && kind == TcpStates.KindRst)
        {
            next = AfterReset(flow, &segment, direction);
            if (next == TcpStates.Invalid) return next;
        }
        Note(packet, flow, &segment, direction, old);
        flow->TcpLast = segment.Own;
        if (next == (uint)TcpState.FinWait && old != next) flow->TcpNotes |= TcpNotes.Closed;
        return next;
    }

    /// <summary>As <see cref="Next"/>, of an acknowledgement within an established connection, which stays what it is.</summary>
    public static void Acknowledge(Packet* packet, Flow* flow, byte* tcp, byte* packetEnd)
    {
        uint direction = packet->Direction & 1u;
        Segment segment = default;
        if (!Read(packet, tcp, packetEnd, &segment)) return;
        Note(packet, flow, &segment, direction, (uint)TcpState.Established);
        flow->TcpLast = (byte)(TcpStates.KindAck | direction * ReplyKind);
    }

    /// <summary>
    /// A reset of what the other side has acknowledged already is invalid. One that is not the very next byte is answered by a challenge (RFC 5961), so an
    /// established connection stays until that is settled.
    /// </summary>
    private static uint AfterReset(Flow* flow, Segment* segment, uint direction)
    {
        // Of a connection that is closing the numbers may be outdated: its ports may be in use again.
        if (flow->TcpState is TcpState.FinWait or TcpState.CloseWait or TcpState.LastAck or TcpState.TimeWait or TcpState.Close) return (uint)TcpState.Close;
        if ((flow->TcpNotes & (direction != 0 ? TcpNotes.OriginalAcknowledged : TcpNotes.ReplyAcknowledged)) == 0) return (uint)TcpState.Close;
        var acknowledged = direction != 0 ? flow->TcpAcknowledged0 : flow->TcpAcknowledged1;
        var isEstablished = flow->TcpState == TcpState.Established && (flow->Status & FlowStatus.Assured) != 0;
        if (segment->Sequence == 0 && !isEstablished) return (uint)TcpState.Close;
        if (IsAfter(acknowledged, segment->Sequence)) return TcpStates.Invalid;
        if (!isEstablished || segment->Sequence == acknowledged) return (uint)TcpState.Close;
        var isNext = segment->Last == (TcpStates.KindAck | direction * ReplyKind) && segment->Sequence == flow->TcpLastEnd;
        return isNext ? (uint)TcpState.Close : (uint)flow->TcpState;
    }

    /// <summary>Notes the segment's numbers, as far as they can be right.</summary>
    private static void Note(Packet* packet, Flow* flow, Segment* segment, uint direction, uint old)
    {
        var flags = packet->TcpFlags;
        var seen = direction != 0 ? TcpNotes.ReplySeen : TcpNotes.OriginalSeen;
        var otherSeen = direction != 0 ? TcpNotes.OriginalSeen : TcpNotes.ReplySeen;
        var hasAcknowledged = direction != 0 ? TcpNotes.ReplyAcknowledged : TcpNotes.OriginalAcknowledged;
        var notes = flow->TcpNotes;
        var end = direction != 0 ? flow->TcpEnd1 : flow->TcpEnd0;
        var otherEnd = direction != 0 ? flow->TcpEnd0 : flow->TcpEnd1;
        var isOpening = (flags & (TcpStates.Syn | TcpStates.Ack)) == TcpStates.Syn;
        if ((notes & seen) == 0)
        {
            end = segment->End;
            notes |= seen;
            // In the middle of a connection: what it acknowledges is as much as is known of the other side.
            if ((flags & TcpStates.Syn) == 0 && (notes & otherSeen) == 0) otherEnd = segment->Acknowledgement;
        }
        else if ((flags & TcpStates.Syn) != 0 && IsAfter(segment->End, end) && old is (uint)TcpState.SynSent or (uint)TcpState.SynReceived)
        {
            end = segment->End;
            notes &= ~hasAcknowledged;
        }
        var acknowledges = (flags & TcpStates.Ack) != 0;
        var acknowledgement = segment->Acknowledgement;
        if (!acknowledges || ((flags & TcpStates.Rst) != 0 && acknowledgement == 0)) acknowledgement = otherEnd;
        if (!(isOpening && direction != 0) && !IsAfter(acknowledgement, otherEnd))
        {
            if (IsAfter(segment->End, end)) end = segment->End;
            if (acknowledges)
            {
                if (direction != 0)
                {
                    if ((notes & hasAcknowledged) == 0 || IsAfter(acknowledgement, flow->TcpAcknowledged1)) flow->TcpAcknowledged1 = acknowledgement;
                }
                else
                {
                    if ((notes & hasAcknowledged) == 0 || IsAfter(acknowledgement, flow->TcpAcknowledged0)) flow->TcpAcknowledged0 = acknowledgement;
                }
                notes |= hasAcknowledged;
            }
            if (TcpStates.KindOf(flags) == TcpStates.KindAck) flow->TcpLastEnd = segment->End;
        }
        if (direction != 0)
        {
            flow->TcpEnd1 = end;
            flow->TcpEnd0 = otherEnd;
        }
        else
        {
            flow->TcpEnd0 = end;
            flow->TcpEnd1 = otherEnd;
        }
        flow->TcpNotes = notes;
    }

    private static bool IsAfter(uint left, uint right) => (int)(right - left) < 0;

    private static bool Read(Packet* packet, byte* tcp, byte* packetEnd, Segment* segment)
    {
        if (tcp + HeaderLength > packetEnd) return false;
        uint flags = packet->TcpFlags;
        segment->Sequence = BinaryPrimitives.ReverseEndianness(*(uint*)(tcp + 4));
        segment->Acknowledgement = BinaryPrimitives.ReverseEndianness(*(uint*)(tcp + 8));
        segment->End = segment->Sequence + (packet->Length - packet->HeaderLength - packet->TransportLength) + (flags & 1) + (flags >> 1 & 1);
        return true;
    }

    /// <summary>A segment's numbers, in host byte order, and the kinds of itself and the one before (with <see cref="ReplyKind"/> in the reply direction).</summary>
    private struct Segment
    {
        public uint Sequence;
        public uint Acknowledgement;

        /// <summary>The sequence number that follows.</summary>
        public uint End;
        public byte Own;
        public byte Last;
    }
}
