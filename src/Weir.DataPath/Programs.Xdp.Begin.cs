using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Services;

namespace Weir.DataPath;

/// <summary>The first packet of a virtual service's connection, from the driver to its server; what <see cref="Deliver"/> does for it where no rule has a say.</summary>
public static unsafe partial class Programs
{
    /// <summary>Chains that what goes to a server meets.</summary>
    private const uint OnTheWayToServers =
        ActiveImage.BeforeServices | 1u << (ActiveImage.ChainShift + (int)BuiltInChain.ManglePostrouting) | 1u << (ActiveImage.ChainShift + (int)BuiltInChain.NatPostrouting);

    /// <summary>Whether a frame that belongs to no flow may begin one of a service.</summary>
    private static bool MayBegin(Packet* packet, uint active) =>
        (active & (ActiveImage.Services | OnTheWayToServers)) == ActiveImage.Services && packet->Direction == 0 && ServiceLookup.CanBegin(packet) && (packet->TcpFlags & TcpStates.Ack) == 0 && Passage.MayBeOpen(packet);

    /// <summary>The pending flow has its server (<see cref="Scheduling.Choose"/>): it is entered, and its first packet leaves.</summary>
    /// <returns>An <see cref="XdpAction"/>.</returns>
    [Subprogram(Global = true)]
    private static int Begin(XdpBuff* xdp, Packet* packet, ulong position)
    {
        if (packet == null) return XdpAction.Pass;
        var flow = FlowTable.Pending();
        if (flow == null) return XdpAction.Pass;
        var ends = default(Ends);
        Of(packet, &ends);
        ends.DestinationBe = flow->Reply.Source.Word3Be;
        ends.DestinationPortBe = flow->Reply.SourcePortBe;
        var fib = default(FibLookup);
        if (!IsOpenTo(xdp, packet, &ends) || !IsRouted(xdp, packet, &ends, &fib) || !XdpChecksums.AreRight(xdp, packet))
        {
            Scheduling.TakeBack(flow, position);
            return XdpAction.Pass;
        }
        var data = XdpBuff.Data(xdp);
        var end = XdpBuff.DataEnd(xdp);
        var server = Maps.Servers.At(flow->ServerSlot);
        if (server == null || data + EthernetHeader + IpHeader + UdpHeader > end) return XdpAction.Pass;
        if (packet->Protocol == Parse.Tcp) TcpTracking.Begin(packet, flow, data + EthernetHeader + IpHeader, end);
        Tracking.Learn(packet, flow, flow->Created);
        var action = FlowTable.Insert(packet, FlowTable.Leaving);
        if (action == FlowTable.Taken) Scheduling.TakeBack(flow, position);
        if (action != TcAction.Continue) return action == FlowTable.Taken ? XdpAction.Pass : XdpAction.Drop;

        // From here on it goes.
        Scheduling.Count(packet, flow, server);
        Write(data, end, packet, &ends, &fib);
        Trim(xdp, packet);
        Statistics.SentByXdp();
        return (int)Helpers.Redirect(fib.IfIndex, 0);
    }

    private static bool IsOpenTo(XdpBuff* xdp, Packet* packet, Ends* ends)
    {
        // As ingress asks: the destination is translated by then.
        var destination = packet->Destination.Word3Be;
        packet->Destination.Word3Be = ends->DestinationBe;
        var isOpen = Passage.IsKnownOpen(xdp, packet);
        packet->Destination.Word3Be = destination;
        return isOpen;
    }
}
