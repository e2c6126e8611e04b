using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Nat;

/// <summary>ICMP errors about flows. An error quotes the packet that it is about, which tells the flow; it travels in the other direction.</summary>
public static unsafe partial class IcmpErrors
{
    private const uint IcmpHeader = 8;
    private const uint IPv4Header = 20;
    private const byte RedirectType = 5;

    /// <summary>
    /// Finds the flow that an ICMP error is about by the packet inside: sets the packet's <see cref="Packet.Original"/>, <see cref="Packet.FlowStatus"/>,
    /// <see cref="Packet.Direction"/> (of the error itself: opposite to the packet inside) and <see cref="Packet.State"/> (Related, or Invalid).
    /// </summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Track(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        packet->State = TrackState.Invalid;
        FlowTuple inner;
        if (!Read(skb, packet, &inner)) return Unknown();
        var isMade = packet->Hook == Hook.Output;
        if (!isMade && Checksums.IsWrong(skb, packet) != 0) return Unknown();
        // The kernel quotes packets as it had them: translated, but for their sources.
        var flow = isMade ? FindMade(packet, &inner) : FindArrived(packet, &inner);
        // What is made here may be about the packet that ended the flow.
        if (flow == null || (!isMade && flow->Expires <= Helpers.KtimeGetNs())) return Unknown();
        if (!isMade)
        {
            var concerned = packet->Direction == 0 ? packet->Original.Destination : flow->Reply.Destination;
            if (!IpAddress.AreEqual(&concerned, &packet->Destination)) return Unknown();
        }
        packet->State = TrackState.Related;
        // An error confirms nothing.
        packet->FlowStatus = flow->Status | FlowStatus.Confirmed;
        return TcAction.Continue;
    }

    /// <summary>
    /// Whether the packet is a redirect about a flow that is (or may yet be) translated: where to send packets instead makes no sense on the other side of a
    /// translation. Asked where nat chains would be walked, if they are loaded.
    /// </summary>
    public static bool IsLostRedirect(Packet* packet)
    {
        if ((packet->Flags & PacketFlags.IcmpError) == 0 || packet->IcmpType != RedirectType || packet->State != TrackState.Related) return false;
        const FlowStatus done = FlowStatus.SourceNatDone | FlowStatus.DestinationNatDone;
        return (packet->FlowStatus & done) != done || (packet->FlowStatus & (FlowStatus.SourceNat | FlowStatus.DestinationNat)) != 0;
    }

    /// <summary>
    /// At egress of a forwarded error: finds its flow by what PREROUTING left of it. Direction and state are known from the note; <paramref name="side"/>
    /// is the key's, as in <see cref="Tracking.Find"/>.
    /// </summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Recall(SkBuff* skb, Packet* packet, uint side)
    {
        if (packet == null) return 0;
        packet->FlowStatus = FlowStatus.Confirmed;
        FlowTuple inner;
        if (!Read(skb, packet, &inner)) return 0;
        FlowTuple tuple;
        if (packet->Direction != 0) tuple = inner;
        else Tuples.Invert(&inner, &tuple);
        var flow = side != 0 ? FindTranslated(packet, &tuple, (byte)side) : FindOriginal(packet, &tuple);
        if (flow != null) packet->FlowStatus = flow->Status | FlowStatus.Confirmed;
        return 0;
    }

    /// <summary>As <see cref="Recall"/>, where the note was lost: tries every way and sets direction and state.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int RecallAnyhow(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return 0;
        packet->State = TrackState.Invalid;
        FlowTuple inner;
        if (!Read(skb, packet, &inner)) return 0;
        var flow = FindMade(packet, &inner);
        if (flow == null) return 0;
        packet->State = TrackState.Related;
        packet->FlowStatus = flow->Status | FlowStatus.Confirmed;
        return 0;
    }

    /// <summary>
    /// Translates the packet inside, for a manipulation of this end of the error (<see cref="Rewrite.Source"/>, <see cref="Rewrite.Destination"/>): it
    /// travelled the other way, so its other end gets the address and the port (of an ICMP query: the identifier).
    /// </summary>
    /// <returns>0, or not where the packet must be dropped.</returns>
    [Subprogram(Global = true)]
    public static int Inside(SkBuff* skb, Packet* packet, uint end, uint addressBe, ushort portBe)
    {
        if (packet == null) return 1;
        var at = packet->TransportOffset + IcmpHeader;
        IPv4Start ip;
        if (Helpers.SkbLoadBytes(skb, at, &ip, IPv4Header) != 0) return 1;
        var oldBe = end == Rewrite.Destination ? ip.SourceBe : ip.DestinationBe;
        if (!Transport(skb, packet, end, at + (ip.VersionAndLength & 15u) * 4, ip.Protocol, oldBe, addressBe, portBe)) return 1;
        if (oldBe == addressBe) return 0;
        // The address and the checksum after it change by the same, so the message's checksum stays.
        if (Helpers.L3CsumReplace(skb, at + 10, oldBe, addressBe, 4) != 0) return 1;
        return Helpers.SkbStoreBytes(skb, at + (end == Rewrite.Destination ? 12u : 16u), &addressBe, 4, 0) != 0 ? 1 : 0;
    }

    /// <summary>The port of the packet inside, and its checksum as far as it was quoted.</summary>
    private static bool Transport(SkBuff* skb, Packet* packet, uint end, uint at, byte protocol, uint oldBe, uint addressBe, ushort portBe)
    {
        uint message = packet->TransportOffset + 2u;
        var length = packet->NetworkOffset + packet->Length - at;
        var isQuery = protocol == Parse.Icmp;
        if (!isQuery && !Parse.HasPorts(protocol)) return true;
        if (length < 8 || length > ushort.MaxValue) return false;
        var place = at + (isQuery ? 4u : end == Rewrite.Destination ? 0u : 2u);
        ushort oldPortBe = 0;
        if (Helpers.SkbLoadBytes(skb, place, &oldPortBe, 2) != 0) return false;
        uint checksum;
        switch (protocol)
        {
            case Parse.Icmp:
                checksum = 2;
                break;
            case Parse.Tcp:
                checksum = length >= 20 ? 16u : 0;
                break;
            case Parse.Udp:
            case Parse.UdpLite:
                checksum = 6;
                break;
            default:
                return true;
        }
        if (checksum != 0)
        {
            ushort before = 0, after = 0;
            if (Helpers.SkbLoadBytes(skb, at + checksum, &before, 2) != 0) return false;
            var flags = protocol == Parse.Udp ? ChecksumFlags.MarkMangledZero : 0;
            if (!isQuery && oldBe != addressBe && Helpers.L4CsumReplace(skb, at + checksum, oldBe, addressBe, flags | 4) != 0) return false;
            if (oldPortBe != portBe && Helpers.L4CsumReplace(skb, at + checksum, oldPortBe, portBe, flags | 2) != 0) return false;
            if (Helpers.SkbLoadBytes(skb, at + checksum, &after, 2) != 0) return false;
            if (before != after && Helpers.L4CsumReplace(skb, message, before, after, 2) != 0) return false;
        }
        if (oldPortBe == portBe) return true;
        if (Helpers.L4CsumReplace(skb, message, oldPortBe, portBe, 2) != 0) return false;
        return Helpers.SkbStoreBytes(skb, place, &portBe, 2, 0) == 0;
    }

    /// <summary>The tuple of the packet inside, as it stands there. False: none can be read.</summary>
    private static bool Read(SkBuff* skb, Packet* packet, FlowTuple* inner)
    {
        if ((packet->Flags & PacketFlags.IPv6) != 0) return ReadIPv6(skb, packet, inner) == 0;
        var at = packet->TransportOffset + IcmpHeader;
        var length = packet->NetworkOffset + packet->Length - at;
        IPv4Start ip;
        if (length < IPv4Header || length > ushort.MaxValue || Helpers.SkbLoadBytes(skb, at, &ip, IPv4Header) != 0) return false;
        var header = (ip.VersionAndLength & 15u) * 4;
        if (ip.VersionAndLength >> 4 != 4 || header < IPv4Header || (Bits.Swap(ip.FragmentBe) & 0x1fff) != 0) return false;
        inner->Source = default;
        inner->Source.Word2Be = IpAddress.MappedBe;
        inner->Source.Word3Be = ip.SourceBe;
        inner->Destination = default;
        inner->Destination.Word2Be = IpAddress.MappedBe;
        inner->Destination.Word3Be = ip.DestinationBe;
        inner->Protocol = ip.Protocol;
        inner->Side = 0;
        inner->Zero0 = 0;
        TransportStart transport = default;
        if (ip.Protocol == Parse.Icmp)
        {
            if (length < header + 8 || Helpers.SkbLoadBytes(skb, at + header, &transport, 8) != 0) return false;
            if (Tuples.AnswerType((byte)transport.FirstBe) == 255) return false;
            inner->SourcePortBe = transport.IdBe;
            inner->DestinationPortBe = transport.FirstBe;
            return true;
        }
        if (Parse.HasPorts(ip.Protocol) && (length < header + 4 || Helpers.SkbLoadBytes(skb, at + header, &transport, 4) != 0)) return false;
        inner->SourcePortBe = transport.FirstBe;
        inner->DestinationPortBe = transport.SecondBe;
        return true;
    }

    /// <summary>An error that came in: its packet once left as an answer to what comes in.</summary>
    private static Flow* FindArrived(Packet* packet, FlowTuple* inner)
    {
        FlowTuple tuple;
        Tuples.Invert(inner, &tuple);
        packet->Direction = 0;
        packet->Original = tuple;
        var flow = Maps.Flows.Lookup(&tuple);
        if (flow != null) return flow;
        packet->Direction = 1;
        return FindByReply(packet, &tuple);
    }

    /// <summary>An error that was made here about a packet on its way, in whichever direction that was.</summary>
    private static Flow* FindMade(Packet* packet, FlowTuple* inner)
    {
        packet->Direction = 1;
        FlowTuple tuple = *inner;
        var flow = FindOriginal(packet, &tuple);
        if (flow != null) return flow;
        flow = FindTranslated(packet, &tuple, FlowTuple.Translated);
        if (flow != null) return flow;
        Tuples.Invert(inner, &tuple);
        flow = FindByReply(packet, &tuple);
        if (flow != null) return flow;
        packet->Direction = 0;
        flow = FindOriginal(packet, &tuple);
        return flow != null ? flow : FindTranslated(packet, &tuple, FlowTuple.Translated);
    }

    private static Flow* FindOriginal(Packet* packet, FlowTuple* tuple)
    {
        packet->Original = *tuple;
        return Maps.Flows.Lookup(tuple);
    }

    private static Flow* FindTranslated(Packet* packet, FlowTuple* tuple, byte side)
    {
        tuple->Side = side;
        return FindByReply(packet, tuple);
    }

    private static Flow* FindByReply(Packet* packet, FlowTuple* tuple)
    {
        var original = Maps.Replies.Lookup(tuple);
        if (original == null) return null;
        packet->Original = *original;
        return Maps.Flows.Lookup(original);
    }

    private static int Unknown()
    {
        Statistics.InvalidPackets();
        return TcAction.Continue;
    }

    /// <summary>An IPv4 header without its options. 20 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IPv4Start
    {
        public byte VersionAndLength;
        public byte TypeOfService;
        public ushort TotalLengthBe;
        public ushort IdentificationBe;
        public ushort FragmentBe;
        public byte TimeToLive;
        public byte Protocol;
        public ushort ChecksumBe;
        public uint SourceBe;
        public uint DestinationBe;
    }

    /// <summary>Two ports, or an ICMP query's type and code, checksum and identifier. 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TransportStart
    {
        public ushort FirstBe;
        public ushort SecondBe;
        public ushort IdBe;
        public ushort FourthBe;
    }
}
