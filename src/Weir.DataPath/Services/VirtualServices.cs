using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>Where the stages meet virtual services.</summary>
public static unsafe class VirtualServices
{
    /// <summary>
    /// At ingress, after nat PREROUTING and the INPUT chains of a packet in a flow's original direction: a packet for a virtual service is scheduled (new
    /// flow) or follows its flow, is translated and sent on its way. Called where <see cref="Image.ActiveImage.Services"/> is set and
    /// <see cref="IsVirtual"/> held.
    /// </summary>
    /// <returns>A <see cref="TcAction"/>: Continue where the packet is to be delivered as it is.</returns>
    [Subprogram(Global = true)]
    public static int Inbound(SkBuff* skb, Packet* packet) => TcAction.Continue;

    /// <summary>Whether the packet's destination (or its mark) is a virtual service, or its flow belongs to one. Asked once at ingress before routing.</summary>
    public static bool IsVirtual(Packet* packet) => false;

    /// <summary>
    /// A packet in the reply direction of a service flow (ip_vs_out): at egress after FORWARD or OUTPUT chains, before POSTROUTING. Gives it the virtual
    /// source address again, counts it.
    /// </summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Outbound(SkBuff* skb, Packet* packet) => TcAction.Continue;

    /// <summary>
    /// At egress of what this host sends, before the OUTPUT chains' verdict counts: traffic to a virtual address by clients on this host that were not
    /// translated at the socket; and flows of sockets that were (<see cref="Maps.SocketServices"/>), which get their place in the flow table.
    /// </summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int LocalOut(SkBuff* skb, Packet* packet) => TcAction.Continue;

    /// <summary>
    /// A service flow's packet was tracked: IPVS's own state and time-out instead of netfilter's; active and inactive counts follow. Called with the flow in
    /// place (inlined; the pointer is of the map).
    /// </summary>
    public static void Tracked(Packet* packet, Flows.Flow* flow)
    {
    }

    /// <summary>A service flow ends (expiry, eviction, closing): counts of its server go down.</summary>
    public static void Ended(Flows.FlowTuple* original, Flows.Flow* flow)
    {
    }
}
