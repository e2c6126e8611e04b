using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;
using Weir.DataPath.Rules;
using Weir.DataPath.Services;

namespace Weir.DataPath;

/// <summary>
/// The entry points, and the order of stages: netfilter's hooks on TC (docs/architecture.md). They return <see cref="TcAction.Next"/> for what
/// passes, so that other programs and filters on the device still run.
/// </summary>
public static unsafe partial class Programs
{
    private const uint EthernetHeader = 14;

    /// <summary>ETH_P_IP in network byte order.</summary>
    private const uint IPv4Be = 0x0008;

    /// <summary>ETH_P_IPV6 in network byte order.</summary>
    private const uint IPv6Be = 0xdd86;

    /// <summary>PACKET_OTHERHOST: seen only because the device listens to everything; IP ignores it.</summary>
    private const uint OtherHost = 3;

    /// <summary>Ingress of devices with an Ethernet header (the loopback device too).</summary>
    [Program("tc/ingress")]
    public static int Ingress(SkBuff* skb) => RunIngress(skb, EthernetHeader);

    /// <summary>Ingress of devices without a link header (tun, wireguard).</summary>
    [Program("tc/ingress")]
    public static int IngressRaw(SkBuff* skb) => RunIngress(skb, 0);

    /// <summary>Egress of devices with an Ethernet header.</summary>
    [Program("tc/egress")]
    public static int Egress(SkBuff* skb) => RunEgress(skb, EthernetHeader);

    /// <summary>Egress of devices without a link header.</summary>
    [Program("tc/egress")]
    public static int EgressRaw(SkBuff* skb) => RunEgress(skb, 0);

    /// <summary>Nat chains are for the first packet of a flow, once for each end.</summary>
    private static bool IsNatDue(Packet* packet, FlowStatus done) =>
        packet->State is TrackState.New or TrackState.Related && packet->Direction == 0 && (packet->Flags & PacketFlags.IcmpError) == 0 &&
        (packet->FlowStatus & (done | FlowStatus.Confirmed)) == 0;

    /// <summary>No rule translated this end: it stays as it is.</summary>
    private static void Bind(Packet* packet, FlowStatus done)
    {
        if ((packet->FlowStatus & done) != 0) return;
        var flow = FlowTable.Of(packet);
        if (flow != null) packet->FlowStatus = FlowTable.Set(flow, done) | done;
    }

    private static int BindSource(Packet* packet) =>
        (packet->FlowStatus & FlowStatus.SourceNatDone) != 0 ? TcAction.Continue : Setup.Keep(packet, 0, 0);

    /// <summary>
    /// A packet is at the end of its way: a flow that began with it is confirmed. Where another flow's answers would look the same (a masqueraded one has the port that
    /// a process of this host got too), another source port is found, as netfilter does for flows that no rule translates. What others have translated on its way goes as
    /// they left it: it may belong to a connection that only they know.
    /// </summary>
    private static int Confirm(SkBuff* skb, Packet* packet, uint how)
    {
        var action = Enter(packet, how);
        if (action != FlowTable.Taken) return action;
        if ((packet->Flags & PacketFlags.Stray) != 0)
        {
            FlowTable.Abandon(packet);
            return TcAction.Continue;
        }
        if ((packet->FlowStatus & FlowStatus.SourceNatDone) == 0 && Setup.Keep(packet, 0, 0) == TcAction.Continue &&
            Rewrite.IsNeeded(packet, Rewrite.Source) && Rewrite.ToFlow(skb, packet, Rewrite.Source) == TcAction.Continue)
            action = Enter(packet, how);
        return action == FlowTable.Taken ? FlowTable.NoPort() : action;
    }

    private static int Enter(Packet* packet, uint how)
    {
        if ((packet->Flags & PacketFlags.NewFlow) != 0) return FlowTable.Insert(packet, how);
        return (packet->FlowStatus & FlowStatus.Confirmed) == 0 ? FlowTable.Confirm(packet) : TcAction.Continue;
    }

    private static bool IsTracked(Packet* packet) => packet->State is TrackState.New or TrackState.Established or TrackState.Related;

    private static bool Has(uint active, BuiltInChain chain) => (active >> (ActiveImage.ChainShift + (int)chain) & 1) != 0;

    /// <summary>A packet meets a built-in chain, where there is anything in it.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    private static int Meet(SkBuff* skb, Packet* packet, uint active, BuiltInChain chain) => Has(active, chain) ? Walk.Chain(skb, packet, (uint)chain) : TcAction.Continue;

    private static int Finish(SkBuff* skb, Packet* packet, int action)
    {
        // Changes write images over without waiting for packets: one that was overtaken by as many as there are slots may have been judged by a mixture.
        var word = Maps.Active.At(0);
        if (word == null || (byte)((byte)(*word >> ActiveImage.GenerationShift) - packet->Generation) >= ActiveImage.Slots - 1)
        {
            Statistics.WalkOverruns();
            action = TcAction.Shot;
        }
        if (action != TcAction.Shot && (packet->Flags & PacketFlags.MarkChanged) != 0) skb->Mark = packet->Mark;
        if (action == TcAction.Continue) return TcAction.Next;
        if ((packet->Flags & PacketFlags.Sent) != 0) return action;
        if ((packet->Flags & PacketFlags.NewFlow) != 0 || (IsTracked(packet) && (packet->FlowStatus & FlowStatus.Confirmed) == 0))
            FlowTable.Abandon(packet);
        return action;
    }

    private static int Malformed()
    {
        Statistics.MalformedDropped();
        return TcAction.Shot;
    }

    private static int UnknownFragment()
    {
        Statistics.FragmentsUnknown();
        return TcAction.Shot;
    }
}
