using Weir.Bpf.Programs;

namespace Weir.DataPath.Services;

/// <summary>Where a service's client is.</summary>
internal static unsafe class Clients
{
    /// <summary>Elsewhere.</summary>
    public const int Far = 0;

    /// <summary>A pod of this node.</summary>
    public const int Pod = 1;

    /// <summary>This node itself.</summary>
    public const int Node = 2;

    /// <summary>Where the sender of a new flow's first packet is. That one that came in by a device is this node is asked for only where it matters.</summary>
    [Subprogram(Global = true)]
    public static int Locate(SkBuff* skb, Packet* packet, uint asksForNode)
    {
        if (packet == null) return Far;
        if ((packet->Flags & PacketFlags.Local) != 0) return Node;
        if (Networks.Find(Networks.Pods, &packet->Source) != NetworkUse.None) return Pod;
        var ifIndex = packet->InIfIndex;
        var device = Maps.Devices.Lookup(&ifIndex);
        if (device != null && (device->Flags & DeviceFlags.Pods) != 0) return Pod;
        var source = packet->Source;
        return asksForNode != 0 && Routing.IsLocal(skb, packet, &source) != 0 ? Node : Far;
    }
}
