using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Rules;

namespace Weir.DataPath.Services;

/// <summary>Services' addresses are for services: what else begins there is refused (<see cref="ActiveImage.Guarded"/>).</summary>
public static unsafe class Guard
{
    /// <summary>Whether a packet is to be shown to <see cref="Check"/>.</summary>
    public static bool IsDue(Packet* packet, uint active) =>
        (active & ActiveImage.Guarded) != 0 && (packet->Flags & (PacketFlags.NewFlow | PacketFlags.Seen)) == PacketFlags.NewFlow &&
        (packet->FlowStatus & FlowStatus.Service) == 0;

    /// <summary>The first packet of a flow that is no service's.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int Check(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        var flow = FlowTable.Pending();
        if (flow == null) return TcAction.Shot;
        // Where the destination was translated by a rule, its new one counts.
        var use = Networks.Find(Networks.Destinations, &flow->Reply.Source);
        if (use == NetworkUse.None) return TcAction.Continue;
        ServiceKey key;
        // A segment that begins no connection is no service's, but sent to one: nobody listens, which the stack says.
        if (ServiceLookup.Find(packet->Mark, &flow->Reply.Source, flow->Reply.SourcePortBe, packet->Protocol, &key) != null) return TcAction.Continue;
        return use == NetworkUse.Bound ? Reject.Answer(skb, packet, (uint)RejectWith.IcmpPortUnreachable) : TcAction.Shot;
    }
}
