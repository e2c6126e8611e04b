using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;

namespace Weir.DataPath;

/// <summary>
/// The fast path in front of TC: a frame of an established flow, or any of a service's connection, leaves from the driver, before there is an skb. It does what ingress does for the same packet
/// (<see cref="Onward"/>), or nothing at all: whatever it does not do exactly goes up as it came. So nothing is written before everything is decided.
/// </summary>
public static unsafe partial class Programs
{
    private const byte NoOptions = 0x45;
    private const uint IpHeader = 20;
    private const uint UdpHeader = 8;
    private const uint TcpHeader = 20;

    /// <summary>More fragments, and the offset: in memory order.</summary>
    private const ushort AnyFragmentBe = 0xff3f;

    /// <summary>The least that Ethernet carries. (Not every driver fills up what is redirected to it.)</summary>
    private const uint LeastFrame = 60;

    /// <summary>Packets whose bytes cannot be added up at once here: see <see cref="XdpChecksums"/>.</summary>
    private const uint LongestPacket = 2047;

    /// <summary>Chains that each packet walks on its way in.</summary>
    private const uint WalkedOnArrival = 1u << (ActiveImage.ChainShift + (int)BuiltInChain.RawPrerouting) | 1u << (ActiveImage.ChainShift + (int)BuiltInChain.ManglePrerouting);

    /// <summary>Flows that begin or end on this host, or that translate in more than one step.</summary>
    private const FlowStatus NotOnward = FlowStatus.Dying | FlowStatus.Local | FlowStatus.LocalIn | FlowStatus.Socket | FlowStatus.ViaLoopback | FlowStatus.VirtualNat;

    /// <summary>What <see cref="Continue"/> says of a frame that belongs to no flow.</summary>
    private const int NoFlow = -1;

    /// <summary>Driver ingress of devices with an Ethernet header.</summary>
    [Program("xdp.frags")]
    public static int Xdp(XdpBuff* xdp)
    {
        var word = Maps.Active.At(0);
        if (word == null) return XdpAction.Pass;
        var live = *word;
        var active = (uint)live;
        if ((active & (ActiveImage.Loaded | ActiveImage.Tracking | WalkedOnArrival)) != (ActiveImage.Loaded | ActiveImage.Tracking)) return XdpAction.Pass;
        Packet packet = default;
        if (!ReadFrame(xdp, &packet)) return XdpAction.Pass;
        packet.Active = active;
        packet.InIfIndex = xdp->IngressIfIndex;
        var action = Continue(xdp, &packet, live);
        if (action != NoFlow) return action;
        ulong position = 0;
        return MayBegin(&packet, active) && Scheduling.Choose(&packet, &position) != 0 ? Begin(xdp, &packet, position) : XdpAction.Pass;
    }

    /// <summary>A frame of a flow that is in the table.</summary>
    /// <returns>An <see cref="XdpAction"/>, or <see cref="NoFlow"/>.</returns>
    [Subprogram(Global = true)]
    private static int Continue(XdpBuff* xdp, Packet* packet, ulong live)
    {
        if (packet == null) return XdpAction.Pass;
        var active = (uint)live;
        var flow = Tracking.FindArrived(packet);
        if (flow == null) return NoFlow;
        var now = Helpers.KtimeGetCoarseNs();
        var meetsChains = (active & ActiveImage.Forwarded) != 0;
        var isKnown = (packet->Direction == 0 ? flow->InIfIndex0 : flow->InIfIndex1) == packet->InIfIndex;
        if (!IsOnward(packet, flow, active, now) || (!isKnown && (meetsChains || !MayLearn(packet, flow)))) return XdpAction.Pass;
        var ends = default(Ends);
        Translate(packet, flow, &ends);
        if (!isKnown && !IsOpenTo(xdp, packet, &ends)) return XdpAction.Pass;
        var fib = default(FibLookup);
        if (!IsRouted(xdp, packet, &ends, &fib)) return XdpAction.Pass;
        var verdict = (Verdict*)(packet->Direction == 0 ? flow->Verdict0 : flow->Verdict1);
        if (meetsChains && !Memory.Holds(verdict, (uint)(live >> ActiveImage.GenerationShift), packet)) return XdpAction.Pass;
        if (isKnown && !IsTurnOfXdp(packet, flow, now)) return XdpAction.Pass;
        if (!XdpChecksums.AreRight(xdp, packet)) return XdpAction.Pass;
        var data = XdpBuff.Data(xdp);
        var end = XdpBuff.DataEnd(xdp);
        var timeouts = Timeouts.Settings();
        if (timeouts == null || data + EthernetHeader + IpHeader + UdpHeader > end) return XdpAction.Pass;

        // From here on it goes.
        if (!isKnown) Tracking.Learn(packet, flow, now);
        Tracking.FollowFrame(packet, flow, data + EthernetHeader + IpHeader, end, timeouts, now);
        if (meetsChains) Memory.Count(verdict, packet->Length);
        Write(data, end, packet, &ends, &fib);
        Trim(xdp, packet);
        Statistics.SentByXdp();
        return (int)Helpers.Redirect(fib.IfIndex, 0);
    }

    /// <summary>Reads a frame. False: it is not an ordinary segment or datagram, or something about it is for the stack to say.</summary>
    private static bool ReadFrame(XdpBuff* xdp, Packet* packet)
    {
        var data = XdpBuff.Data(xdp);
        var end = XdpBuff.DataEnd(xdp);
        if (data + EthernetHeader + IpHeader + UdpHeader > end) return false;
        var ip = data + EthernetHeader;
        if (*(ushort*)(data + 12) != IPv4Be || ip[0] != NoOptions || (*(ushort*)(ip + 6) & AnyFragmentBe) != 0 || ip[8] <= 1) return false;
        uint length = Bits.Swap(*(ushort*)(ip + 2));
        if (length > (uint)(end - data) - EthernetHeader || length > LongestPacket || !Checksums.IsHeaderRight(ip)) return false;
        var transport = ip + IpHeader;
        uint header = UdpHeader;
        if (ip[9] == Parse.Tcp)
        {
            if (transport + TcpHeader > end) return false;
            packet->TcpFlags = transport[13];
            if ((packet->TcpFlags & TcpStates.Urg) != 0 || !TcpStates.AreValid(packet->TcpFlags)) return false;
            header = (uint)(transport[12] >> 4) * 4;
            if (header < TcpHeader || length < IpHeader + header) return false;
        }
        else
        {
            if (ip[9] != Parse.Udp || length < IpHeader + UdpHeader) return false;
            uint datagram = Bits.Swap(*(ushort*)(transport + 4));
            if (datagram < UdpHeader || datagram > length - IpHeader) return false;
        }
        packet->NetworkOffset = (ushort)EthernetHeader;
        packet->TransportOffset = (ushort)(EthernetHeader + IpHeader);
        packet->HeaderLength = (byte)IpHeader;
        packet->TransportLength = (ushort)header;
        packet->Length = length;
        packet->TypeOfService = ip[1];
        packet->TimeToLive = ip[8];
        packet->Protocol = ip[9];
        packet->Source.Word2Be = IpAddress.MappedBe;
        packet->Source.Word3Be = *(uint*)(ip + 12);
        packet->Destination.Word2Be = IpAddress.MappedBe;
        packet->Destination.Word3Be = *(uint*)(ip + 16);
        packet->SourcePortBe = *(ushort*)transport;
        packet->DestinationPortBe = *(ushort*)(transport + 2);
        packet->Flags = PacketFlags.HasTransport;
        packet->State = TrackState.Established;
        return true;
    }

    /// <summary>Whether the flow is forwarded, and this packet is one of those that are followed here.</summary>
    private static bool IsOnward(Packet* packet, Flow* flow, uint active, ulong now)
    {
        var status = flow->Status;
        if ((status & (FlowStatus.Confirmed | NotOnward)) != FlowStatus.Confirmed || flow->Expires <= now) return false;
        packet->FlowStatus = status;
        if ((status & FlowStatus.Service) != 0)
        {
            if (packet->Direction == 0 && (status & FlowStatus.SeenReply) == 0) packet->State = TrackState.New;
            return IsOnwardOfService(packet, flow, active);
        }
        return (packet->Direction != 0 || (status & FlowStatus.SeenReply) != 0) &&
            (packet->Protocol != Parse.Tcp || TcpStates.IsCertain(packet->Direction, TcpStates.KindOf(packet->TcpFlags), (uint)flow->TcpState));
    }

    /// <summary>The same of a virtual service's flow: what goes to its server meets no chain on the way in, and the server is there. Who asks anew for a connection is for TC.</summary>
    private static bool IsOnwardOfService(Packet* packet, Flow* flow, uint active)
    {
        if ((active & ActiveImage.Services) == 0 || (flow->Status & FlowStatus.DestinationNat) == 0 || (flow->IpvsFlags & IpvsFlowFlags.NoOutput) != 0) return false;
        if (packet->Protocol == Parse.Tcp && (packet->TcpFlags & (TcpStates.Syn | TcpStates.Ack)) == TcpStates.Syn) return false;
        if (packet->Direction != 0) return true;
        if ((active & ActiveImage.BeforeServices) != 0) return false;
        var server = Maps.Servers.At(flow->ServerSlot);
        return server != null && (server->Flags & ServerFlags.Available) != 0;
    }

    /// <summary>Whether a direction of which no packet came yet may be learnt here: where nobody else has a say.</summary>
    private static bool MayLearn(Packet* packet, Flow* flow) => (packet->Direction == 0 ? flow->InIfIndex0 : flow->InIfIndex1) == 0 && Passage.MayBeOpen(packet);

    /// <summary>What translation makes of both ends.</summary>
    private static void Translate(Packet* packet, Flow* flow, Ends* ends)
    {
        Of(packet, ends);
        if (Rewrite.IsNeeded(packet, Rewrite.Destination))
        {
            ends->DestinationBe = packet->Direction == 0 ? flow->Reply.Source.Word3Be : packet->Original.Source.Word3Be;
            ends->DestinationPortBe = packet->Direction == 0 ? flow->Reply.SourcePortBe : packet->Original.SourcePortBe;
        }
        if (!Rewrite.IsNeeded(packet, Rewrite.Source)) return;
        ends->SourceBe = packet->Direction == 0 ? flow->Reply.Destination.Word3Be : packet->Original.Destination.Word3Be;
        ends->SourcePortBe = packet->Direction == 0 ? flow->Reply.DestinationPortBe : packet->Original.DestinationPortBe;
    }

    private static void Of(Packet* packet, Ends* ends)
    {
        ends->SourceBe = packet->Source.Word3Be;
        ends->DestinationBe = packet->Destination.Word3Be;
        ends->SourcePortBe = packet->SourcePortBe;
        ends->DestinationPortBe = packet->DestinationPortBe;
    }

    /// <summary>Whether the frame was sent to this host, and the kernel has a route, room and a valid neighbour for the packet at a device that takes frames from here.</summary>
    private static bool IsRouted(XdpBuff* xdp, Packet* packet, Ends* ends, FibLookup* fib)
    {
        // Before Linux 6.2 memory that a sub-program was given is no key for a map.
        var ifIndex = packet->InIfIndex;
        var device = Maps.Devices.Lookup(&ifIndex);
        var data = XdpBuff.Data(xdp);
        if (device == null || data + EthernetHeader > XdpBuff.DataEnd(xdp)) return false;
        if (*(uint*)data != *(uint*)device->Mac || *(ushort*)(data + 4) != *(ushort*)(device->Mac + 4)) return false;
        // As ingress asks: the destination is translated by then, the source is not.
        Routing.Fill(fib, packet, packet->InIfIndex);
        fib->DestinationBe = ends->DestinationBe;
        fib->DestinationPortBe = ends->DestinationPortBe;
        fib->TotalLength = (ushort)packet->Length;
        if (Helpers.FibLookup(xdp, fib, sizeof(FibLookup), FibLookupFlags.None) != FibLookupResult.Success || fib->Family != Routing.FamilyIPv4) return false;
        if (fib->IfIndex == packet->InIfIndex) return false;
        packet->OutIfIndex = ifIndex = fib->IfIndex;
        var next = Maps.Devices.Lookup(&ifIndex);
        return next != null && (next->Flags & DeviceFlags.TakesXdp) != 0;
    }

    /// <summary>
    /// The first packet of each second of a flow's direction goes up: TC hands it to the neighbour layer, which so learns that the neighbour is used and asks again for one
    /// that it has not heard of for long.
    /// </summary>
    private static bool IsTurnOfXdp(Packet* packet, Flow* flow, ulong now)
    {
        var second = Tracking.Second(now);
        if (packet->Direction == 0)
        {
            if (flow->StackSecond0 == second) return true;
            flow->StackSecond0 = second;
        }
        else
        {
            if (flow->StackSecond1 == second) return true;
            flow->StackSecond1 = second;
        }
        return false;
    }

    /// <summary>Link header, time to live, addresses, ports and checksums, as forwarding and translation leave them.</summary>
    private static void Write(byte* data, byte* end, Packet* packet, Ends* ends, FibLookup* fib)
    {
        *(uint*)data = *(uint*)fib->DestinationMac;
        *(ushort*)(data + 4) = *(ushort*)(fib->DestinationMac + 4);
        *(ushort*)(data + 6) = *(ushort*)fib->SourceMac;
        *(uint*)(data + 8) = *(uint*)(fib->SourceMac + 2);
        var ip = data + EthernetHeader;
        var transport = ip + IpHeader;
        // What the checksums' words change by (RFC 1624, equation 3): the addresses' part is of both.
        ulong addresses = 0;
        if (ends->SourceBe != packet->Source.Word3Be)
        {
            addresses += (ulong)~packet->Source.Word3Be + ends->SourceBe;
            *(uint*)(ip + 12) = ends->SourceBe;
        }
        if (ends->DestinationBe != packet->Destination.Word3Be)
        {
            addresses += (ulong)~packet->Destination.Word3Be + ends->DestinationBe;
            *(uint*)(ip + 16) = ends->DestinationBe;
        }
        var ttl = (byte)(packet->TimeToLive - 1);
        ip[8] = ttl;
        *(ushort*)(ip + 10) = Changed(*(ushort*)(ip + 10), addresses + ~(uint)packet->TimeToLive + ttl);
        var difference = addresses;
        if (ends->SourcePortBe != packet->SourcePortBe)
        {
            difference += (ulong)~(uint)packet->SourcePortBe + ends->SourcePortBe;
            *(ushort*)transport = ends->SourcePortBe;
        }
        if (ends->DestinationPortBe != packet->DestinationPortBe)
        {
            difference += (ulong)~(uint)packet->DestinationPortBe + ends->DestinationPortBe;
            *(ushort*)(transport + 2) = ends->DestinationPortBe;
        }
        if (difference == 0) return;
        if (packet->Protocol == Parse.Tcp)
        {
            // There is, but the verifier does not remember.
            if (transport + TcpHeader > end) return;
            *(ushort*)(transport + 16) = Changed(*(ushort*)(transport + 16), difference);
        }
        else if (*(ushort*)(transport + 6) != 0)
        {
            var sum = Changed(*(ushort*)(transport + 6), difference);
            *(ushort*)(transport + 6) = sum == 0 ? ushort.MaxValue : sum;
        }
    }

    private static ushort Changed(ushort checksum, ulong difference) => Checksums.Fold((ushort)~checksum + difference);

    /// <summary>What fills a frame up does not go on, but for what makes it long enough.</summary>
    private static void Trim(XdpBuff* xdp, Packet* packet)
    {
        var length = (uint)(XdpBuff.DataEnd(xdp) - XdpBuff.Data(xdp));
        var wanted = packet->Length + EthernetHeader;
        if (wanted < LeastFrame) wanted = LeastFrame;
        if (length > wanted) Helpers.XdpAdjustTail(xdp, (int)wanted - (int)length);
    }

    /// <summary>A packet's addresses and ports.</summary>
    private struct Ends
    {
        public uint SourceBe;
        public uint DestinationBe;
        public ushort SourcePortBe;
        public ushort DestinationPortBe;
    }
}
