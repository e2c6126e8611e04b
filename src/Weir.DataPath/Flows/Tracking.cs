using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;

namespace Weir.DataPath.Flows;

/// <summary>Connection tracking: which flow a packet belongs to, and what it does to it.</summary>
public static unsafe class Tracking
{
    private const byte LastIcmpType = 18;

    /// <summary>How the flow is found.</summary>
    public const uint AsArrived = 0;

    /// <summary>On the loopback device, after this namespace's egress: the packet is the inverse of what its answer looks like.</summary>
    public const uint AsSent = 1;

    /// <summary>
    /// Sets the packet's state, flow and direction; makes a pending flow where there is none. <c>how</c> is <see cref="AsArrived"/> or
    /// <see cref="AsSent"/>; with <see cref="AsSent"/> the packet's direction is known.
    /// </summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Track(SkBuff* skb, Packet* packet, uint how)
    {
        if (packet == null) return TcAction.Shot;
        packet->State = TrackState.Invalid;
        if ((packet->Flags & PacketFlags.BadTransport) != 0) return Refuse();
        if (packet->Protocol == Parse.Icmp)
        {
            if ((packet->Flags & PacketFlags.IcmpError) != 0) return IcmpErrors.Track(skb, packet);
            if (packet->IcmpType > LastIcmpType || Tuples.AnswerType(packet->IcmpType) == 255) return Refuse();
        }
        else if (packet->Protocol == Parse.Tcp)
        {
            // Later fragments have no flags: they go with their flow and move nothing.
            if ((packet->Flags & PacketFlags.LaterFragment) == 0 && !TcpStates.AreValid(packet->TcpFlags)) return Refuse();
        }
        // Where there are only services nobody asks: ip_vs does not either.
        if (how == AsArrived && packet->Active >> ActiveImage.ChainShift != 0 && packet->Protocol is Parse.Tcp or Parse.Udp or Parse.Icmp &&
            (Maps.Settings.Value->Flags & SettingsFlags.VerifyChecksums) != 0 && Checksums.IsWrong(skb, packet) != 0)
        {
            return Refuse();
        }
        var now = Helpers.KtimeGetCoarseNs();
        var flow = how == AsSent ? FindSent(packet) : FindArrived(packet);
        if (flow != null)
        {
            // On the loopback device the flow saw the packet when it was sent, and may have ended with it.
            if (how == AsSent)
            {
                SetState(packet, flow);
                return TcAction.Continue;
            }
            if (flow->Expires > now && Follow(skb, packet, flow, now)) return TcAction.Continue;
            if (packet->State == TrackState.Untracked) return Refuse(packet);
            // Over, or reopened.
            Delete(packet, flow);
        }
        Tuples.Of(packet, &packet->Original);
        return Begin(skb, packet, now);
    }

    /// <summary>
    /// At egress of a forwarded packet: finds the flow by what PREROUTING left of it. The direction is known from the note; <paramref name="side"/> is the
    /// <see cref="FlowTuple.Side"/> of the key, not 0 where the destination is translated.
    /// </summary>
    /// <returns>0: there is one.</returns>
    [Subprogram(Global = true)]
    public static int Find(Packet* packet, uint side)
    {
        if (packet == null) return 1;
        if (packet->Direction != 0) Tuples.InvertOf(packet, &packet->Original);
        else Tuples.Of(packet, &packet->Original);
        if (side != 0)
        {
            packet->Original.Side = (byte)side;
            var original = FlowTable.LookupReply(&packet->Original);
            if (original == null) return 1;
            packet->Original = *original;
        }
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow == null) return 1;
        packet->FlowStatus = flow->Status;
        return 0;
    }

    /// <summary>As <see cref="Find"/>, where the note was lost: tries every way and sets direction and state.</summary>
    /// <returns>0: there is a flow.</returns>
    [Subprogram(Global = true)]
    public static int FindAnyhow(Packet* packet)
    {
        if (packet == null) return 1;
        packet->State = TrackState.Invalid;
        for (uint way = 0; way < 4; way++)
        {
            packet->Direction = (byte)(way & 1);
            if (Find(packet, way >> 1) != 0) continue;
            SetState(packet);
            return 0;
        }
        packet->Direction = 0;
        return 1;
    }

    /// <summary>A forwarded packet has come through the stack: others of its direction from the same device may leave at once.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Learn(Packet* packet)
    {
        if (packet == null) return 0;
        var flow = FlowTable.Of(packet);
        if (flow == null || ((packet->Flags & PacketFlags.NewFlow) == 0 && (flow->Status & FlowStatus.Confirmed) == 0)) return 0;
        Learn(packet, flow, Helpers.KtimeGetCoarseNs());
        return 0;
    }

    /// <summary>The same, of a packet whose flow is at hand.</summary>
    internal static void Learn(Packet* packet, Flow* flow, ulong now)
    {
        // What it remembers holds for the device that it came in by before.
        if (packet->Direction == 0)
        {
            ((Verdict*)flow->Verdict0)->Generation = 0;
            flow->InIfIndex0 = packet->InIfIndex;
            flow->StackSecond0 = Second(now);
        }
        else
        {
            ((Verdict*)flow->Verdict1)->Generation = 0;
            flow->InIfIndex1 = packet->InIfIndex;
            flow->StackSecond1 = Second(now);
        }
    }

    /// <summary>The second of <see cref="Flow.StackSecond0"/>.</summary>
    internal static ushort Second(ulong now) => (ushort)(now >> 30);

    /// <summary>Makes the pending flow of a packet that has none.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    public static int Begin(SkBuff* skb, Packet* packet, ulong now)
    {
        var flow = FlowTable.Pending();
        if (flow == null) return TcAction.Shot;
        var action = Begin(packet, flow, now);
        if (action == TcAction.Continue && packet->Protocol == Parse.Tcp) TcpTracking.Begin(packet, flow, TcpTracking.HeaderOf(skb, packet), SkBuff.DataEnd(skb));
        return action;
    }

    /// <summary>The same, but for what a TCP flow knows from its first segment's numbers (<see cref="TcpTracking"/>).</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    internal static int Begin(Packet* packet, Flow* flow, ulong now)
    {
        var timeouts = Timeouts.Settings();
        if (timeouts == null) return TcAction.Shot;
        uint seconds;
        uint tcpState = 0;
        if (packet->Protocol == Parse.Tcp)
        {
            tcpState = TcpStates.Next(0, TcpStates.KindOf(packet->TcpFlags), 0);
            if (tcpState >= TcpStates.Invalid) return Refuse(packet);
            if (tcpState == (uint)TcpState.Established && (Maps.Settings.Value->Flags & SettingsFlags.TcpLoose) == 0) return Refuse(packet);
            seconds = Timeouts.OfTcp(timeouts, tcpState);
            // A connection picked up in its middle must first be answered.
            if (tcpState == (uint)TcpState.Established && seconds > timeouts->TcpUnacknowledged) seconds = timeouts->TcpUnacknowledged;
        }
        else if (packet->Protocol == Parse.Icmp)
        {
            if (packet->IcmpType is not (8 or 13 or 15 or 17)) return Refuse(packet);
            seconds = timeouts->Icmp;
        }
        else
        {
            seconds = packet->Protocol is Parse.Udp or Parse.UdpLite ? timeouts->Udp : timeouts->Generic;
        }
        *(FlowSpace*)flow = default;
        flow->Status = (packet->Flags & PacketFlags.Local) != 0 ? FlowStatus.Local : FlowStatus.None;
        flow->TcpState = (TcpState)tcpState;
        flow->Created = now;
        flow->Expires = now + seconds * Timeouts.Second;
        flow->OriginalPackets = 1;
        flow->OriginalBytes = packet->Length;
        Tuples.Invert(&packet->Original, &flow->Reply);
        packet->Flags |= PacketFlags.NewFlow;
        packet->FlowStatus = flow->Status;
        packet->Direction = 0;
        packet->State = TrackState.New;
        return TcAction.Continue;
    }

    /// <summary>The flow of a packet that came in; sets its key and direction.</summary>
    internal static Flow* FindArrived(Packet* packet)
    {
        Tuples.Of(packet, &packet->Original);
        packet->Direction = 0;
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow != null) return flow;
        var original = FlowTable.LookupReply(&packet->Original);
        if (original == null) return null;
        packet->Original = *original;
        packet->Direction = 1;
        return FlowTable.Lookup(&packet->Original);
    }

    private static Flow* FindSent(Packet* packet)
    {
        Tuples.InvertOf(packet, &packet->Original);
        if (packet->Direction == 0)
        {
            var original = FlowTable.LookupReply(&packet->Original);
            if (original == null) return null;
            packet->Original = *original;
        }
        return FlowTable.Lookup(&packet->Original);
    }

    /// <summary>Moves the flow on. False: the flow is over and another may begin, or (state Untracked as a sign) the packet is invalid.</summary>
    private static bool Follow(SkBuff* skb, Packet* packet, Flow* flow, ulong now)
    {
        var timeouts = Timeouts.Settings();
        if (timeouts == null) return false;
        if (packet->Protocol == Parse.Tcp)
        {
            if ((packet->Flags & PacketFlags.LaterFragment) == 0 && !FollowTcp(packet, flow, TcpTracking.HeaderOf(skb, packet), SkBuff.DataEnd(skb), timeouts, now)) return false;
        }
        else
        {
            FollowOther(packet, flow, timeouts, now);
        }
        Count(packet, flow);
        SetState(packet, flow);
        if ((flow->Status & FlowStatus.Service) != 0 && VirtualServices.PassesEarly(packet) && VirtualServices.Pass(packet, flow, timeouts, now) == TcAction.Continue)
            packet->Flags |= PacketFlags.Passed;
        return true;
    }

    /// <summary>
    /// As <see cref="Follow"/>, of a frame in the driver (<paramref name="tcp"/>: its TCP header, <paramref name="end"/>: its end): any segment of a service's flow but a SYN, of others one that
    /// <see cref="TcpStates.IsCertain"/>; or a datagram.
    /// </summary>
    internal static void FollowFrame(Packet* packet, Flow* flow, byte* tcp, byte* end, TimeoutSettings* timeouts, ulong now)
    {
        // Whether it is a service's is asked anew each time: of an answer that is kept the verifier would follow both to the end.
        if (packet->Protocol != Parse.Tcp)
        {
            FollowOther(packet, flow, timeouts, now);
        }
        else if (IsAcknowledgement(packet, flow))
        {
            TcpTracking.Acknowledge(packet, flow, tcp, end);
            if ((flow->Status & FlowStatus.Service) == 0) Timeouts.Touch(flow, now, Timeouts.OfTcp(timeouts, (uint)TcpState.Established));
        }
        else
        {
            FollowTcp(packet, flow, tcp, end, timeouts, now);
        }
        Count(packet, flow);
        if ((flow->Status & FlowStatus.Service) == 0) return;
        var server = Maps.Servers.At(flow->ServerSlot);
        if (server != null) VirtualServices.Move(packet, flow, server, timeouts, now);
    }

    /// <summary>Whether a segment is no more than an acknowledgement within an established connection.</summary>
    private static bool IsAcknowledgement(Packet* packet, Flow* flow) =>
        flow->TcpState == TcpState.Established && (flow->Status & FlowStatus.Assured) != 0 && (packet->TcpFlags & (TcpStates.Fin | TcpStates.Syn | TcpStates.Rst)) == 0;

    private static void Count(Packet* packet, Flow* flow)
    {
        if (packet->Direction != 0)
        {
            flow->ReplyPackets++;
            flow->ReplyBytes += packet->Length;
            if ((flow->Status & FlowStatus.SeenReply) == 0) FlowTable.Set(flow, FlowStatus.SeenReply);
        }
        else
        {
            flow->OriginalPackets++;
            flow->OriginalBytes += packet->Length;
        }
    }

    private static bool FollowTcp(Packet* packet, Flow* flow, byte* tcp, byte* end, TimeoutSettings* timeouts, ulong now)
    {
        var old = (uint)flow->TcpState;
        var kind = TcpStates.KindOf(packet->TcpFlags);
        var isService = (flow->Status & FlowStatus.Service) != 0;
        // The other direction of a connection that is routed to its server is not seen here: only ip_vs's own states tell.
        if (isService && (flow->IpvsFlags & IpvsFlowFlags.NoOutput) != 0)
            return kind != TcpStates.KindSyn || flow->IpvsState is not (IpvsState.TimeWait or IpvsState.Close);
        // A port that ip_vs takes for closed may be used again, though the last acknowledgement was not seen (is_new_conn_expected).
        if (isService && kind == TcpStates.KindSyn && packet->Direction == 0 && flow->IpvsState == IpvsState.TimeWait) return false;
        var next = TcpTracking.Next(packet, flow, tcp, end);
        if (next == TcpStates.Ignored) return true;
        if (next == TcpStates.Reopened) return false;
        if (next == TcpStates.Invalid)
        {
            // ip_vs translates whatever belongs to a connection.
            if (isService) return true;
            packet->State = TrackState.Untracked;
            return false;
        }
        var seconds = Timeouts.OfTcp(timeouts, next);
        if (kind == TcpStates.KindRst) seconds = Timeouts.OfTcp(timeouts, (uint)TcpState.Close);
        if ((flow->Status & FlowStatus.SeenReply) == 0)
        {
            if (kind == TcpStates.KindRst)
            {
                // Refused, or given up, before there was an answer.
                flow->TcpState = (TcpState)next;
                ConnLimits.Leave(&packet->Original, flow);
                Timeouts.End(flow, now);
                return true;
            }
            if (next == (uint)TcpState.Established && seconds > timeouts->TcpUnacknowledged)
            {
                seconds = timeouts->TcpUnacknowledged;
            }
        }
        else if ((flow->Status & FlowStatus.Assured) == 0 && next == (uint)TcpState.Established &&
            old is (uint)TcpState.SynReceived or (uint)TcpState.Established)
        {
            FlowTable.Set(flow, FlowStatus.Assured);
        }
        flow->TcpState = (TcpState)next;
        if (next is (uint)TcpState.TimeWait or (uint)TcpState.Close) ConnLimits.Leave(&packet->Original, flow);
        // Services have time-outs of their own.
        if (!isService) Timeouts.Touch(flow, now, seconds);
        return true;
    }

    private static void FollowOther(Packet* packet, Flow* flow, TimeoutSettings* timeouts, ulong now)
    {
        uint seconds;
        if (packet->Protocol is Parse.Udp or Parse.UdpLite)
        {
            seconds = timeouts->Udp;
            if ((flow->Status & FlowStatus.SeenReply) != 0 && now - flow->Created > Timeouts.StreamAge)
            {
                seconds = timeouts->UdpStream;
                if ((flow->Status & FlowStatus.Assured) == 0) FlowTable.Set(flow, FlowStatus.Assured);
            }
        }
        else
        {
            seconds = packet->Protocol == Parse.Icmp ? timeouts->Icmp : timeouts->Generic;
        }
        if ((flow->Status & FlowStatus.Service) == 0) Timeouts.Touch(flow, now, seconds);
    }

    private static void SetState(Packet* packet)
    {
        var flow = FlowTable.Lookup(&packet->Original);
        if (flow != null) SetState(packet, flow);
    }

    private static void SetState(Packet* packet, Flow* flow)
    {
        var status = flow->Status;
        packet->FlowStatus = status;
        packet->TranslatedBe = flow->Reply.Source.Word3Be;
        packet->TranslatedPortBe = packet->Original.Protocol == Parse.Icmp ? flow->TranslatedIdBe : flow->Reply.SourcePortBe;
        if (packet->Direction != 0 || (status & FlowStatus.SeenReply) != 0) packet->State = TrackState.Established;
        else packet->State = (status & FlowStatus.Expected) != 0 ? TrackState.Related : TrackState.New;
        // Never 0 where a packet came in.
        if ((packet->Direction == 0 ? flow->InIfIndex0 : flow->InIfIndex1) == packet->InIfIndex)
        {
            packet->Flags |= PacketFlags.Learnt;
            if ((packet->Active & ActiveImage.Forwarded) != 0) Memory.Take(packet, flow);
        }
    }

    private static void Delete(Packet* packet, Flow* flow) => FlowTable.Delete(&packet->Original, flow);

    private static int Refuse(Packet* packet)
    {
        packet->State = TrackState.Invalid;
        return Refuse();
    }

    private static int Refuse()
    {
        Statistics.InvalidPackets();
        return TcAction.Continue;
    }

    /// <summary>The room of a <see cref="Flow"/>, to be cleared at one go.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FlowSpace
    {
        public fixed ulong Words[Scratch.FlowWords];
    }
}
