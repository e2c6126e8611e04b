using Weir.Bpf.Programs;

namespace Weir.DataPath;

/// <summary>
/// Whether the stack would let a packet through that is to be forwarded, although no packet of its flow went before it: nobody else has a say (no hook of
/// netfilter, no IPsec policy, no other program or filter at the device), and its source passes the reverse path filter however that is set.
/// </summary>
public static unsafe class Passage
{
    /// <summary>What was seen of a device holds for the period of the clock in which it was seen: 2^22 nanoseconds, 4 ms.</summary>
    private const int PeriodShift = 22;

    /// <summary>Slots of <see cref="Maps.Passages"/> and of <see cref="Maps.WaysBack"/>: a power of two.</summary>
    public const uint Slots = 64;

    private const int HookSize = 8;
    private const uint PreroutingHook = 0;
    private const uint ForwardHook = 2;
    private const uint PostroutingHook = 4;

    // enum in include/net/xfrm.h and include/uapi/linux/xfrm.h.
    private const uint OutPolicy = 1;
    private const uint ForwardPolicy = 2;
    private const byte Block = 1;

    /// <summary>Whether it is worth asking.</summary>
    public static bool MayBeOpen(Packet* packet) =>
        // The reverse path is looked up by the mark or without it, as a setting of the device wants.
        packet->Mark == 0 && (packet->Flags & PacketFlags.IPv6) == 0 && packet->InIfIndex != Maps.Settings.Value->LoopbackIfIndex &&
        Maps.Settings.Value->Passage.SkbDevice != 0 && (Maps.Settings.Value->Flags & SettingsFlags.ReadKernel) != 0;

    /// <summary>Asks for a packet that <see cref="MayBeOpen"/> named, with its destination translated, but not its source.</summary>
    /// <returns>1: it may leave at once.</returns>
    [Subprogram(Global = true)]
    public static int IsOpen(SkBuff* skb, Packet* packet)
    {
        if (packet == null || MayBeMartian(packet)) return 0;
        var period = Helpers.KtimeGetCoarseNs() >> PeriodShift;
        return IsFree(skb, packet->InIfIndex, period) && LeadsBack(skb, packet, period) ? 1 : 0;
    }

    /// <summary>
    /// As <see cref="IsOpen"/>, for a frame in the driver: by what TC has seen of the device in this period. (So one packet of each period goes up, and the neighbour layer learns of it.)
    /// </summary>
    public static bool IsKnownOpen(XdpBuff* xdp, Packet* packet)
    {
        if (packet->InIfIndex >= 1u << (PeriodShift - 1) || MayBeMartian(packet)) return false;
        var period = Helpers.KtimeGetCoarseNs() >> PeriodShift;
        var known = Maps.Passages.At(packet->InIfIndex & (Slots - 1));
        if (known == null || *known != (KeyOf(packet->InIfIndex, period) | 1)) return false;
        var way = WayBackOf(packet);
        if (way == null) return false;
        if (IsKnown(way, packet, period)) return true;
        if (!Routing.LeadsBackFrom(xdp, packet)) return false;
        Keep(way, packet, period);
        return true;
    }

    private static bool MayBeMartian(Packet* packet)
    {
        var source = packet->Source.Word3Be & 0xff;
        var destination = packet->Destination.Word3Be & 0xff;
        return source is 0 or 127 or >= 224 || destination is 0 or 127 or >= 224;
    }

    /// <summary>As <see cref="Routing.LeadsBack"/>; a client that begins one flow after another is asked about once in a period.</summary>
    private static bool LeadsBack(SkBuff* skb, Packet* packet, ulong period)
    {
        var way = WayBackOf(packet);
        if (way == null) return false;
        if (IsKnown(way, packet, period)) return true;
        if (Routing.LeadsBack(skb, packet) == 0) return false;
        Keep(way, packet, period);
        return true;
    }

    /// <summary>By the last byte of the source.</summary>
    private static WayBack* WayBackOf(Packet* packet) => Maps.WaysBack.At(packet->Source.Word3Be >> 24 & (Slots - 1));

    private static bool IsKnown(WayBack* way, Packet* packet, ulong period) =>
        way->Period == period && way->SourceBe == packet->Source.Word3Be && way->DestinationBe == packet->Destination.Word3Be &&
        way->InIfIndex == packet->InIfIndex && way->TypeOfService == packet->TypeOfService;

    private static void Keep(WayBack* way, Packet* packet, ulong period)
    {
        way->Period = period;
        way->SourceBe = packet->Source.Word3Be;
        way->DestinationBe = packet->Destination.Word3Be;
        way->InIfIndex = packet->InIfIndex;
        way->TypeOfService = packet->TypeOfService;
    }

    private static bool IsFree(SkBuff* skb, uint ifIndex, ulong period)
    {
        if (ifIndex >= 1u << (PeriodShift - 1)) return false;
        var known = Maps.Passages.At(ifIndex & (Slots - 1));
        if (known == null) return false;
        var key = KeyOf(ifIndex, period);
        var value = *known;
        if ((value ^ key) <= 1) return (value & 1) != 0;
        var isFree = Look(skb) != 0;
        *known = isFree ? key | 1 : key;
        return isFree;
    }

    /// <summary>The period, the device, and in the lowest bit room for what was seen.</summary>
    private static ulong KeyOf(uint ifIndex, ulong period) => period << PeriodShift | (ulong)ifIndex << 1;

    /// <summary>Looks at the device that the packet came in by, and at its namespace.</summary>
    /// <returns>1: nobody else has a say.</returns>
    [Subprogram(Global = true)]
    private static int Look(SkBuff* skb)
    {
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return 0;
        var path = &Maps.Settings.Value->Passage;
        // The context is the kernel's sk_buff. Its address becomes a number on the way through memory.
        *(SkBuff**)scratch->Answer = skb;
        ulong device = 0, net = 0;
        if (!Read(*(ulong*)scratch->Answer, path->SkbDevice, &device) || !Read(device, path->DeviceNet, &net) || device == 0 || net == 0) return 0;
        if (!IsEmpty(device, path->DeviceHandler) || !IsEmpty(device, path->DeviceHooks) || !IsAlone(device, path)) return 0;
        if (path->NetHooks != 0)
        {
            if (!IsEmpty(net, path->NetHooks + PreroutingHook * HookSize) || !IsEmpty(net, path->NetHooks + ForwardHook * HookSize) ||
                !HasOnlySocketsHook(net, path)) return 0;
        }
        return HasPolicies(net, path) ? 0 : 1;
    }

    /// <summary>Whether the device's ingress has no program and no filter but ours (other filters at our own place in the order apart).</summary>
    private static bool IsAlone(ulong device, PassagePath* path)
    {
        ulong miniq = 0;
        if (path->DeviceTcx == 0)
        {
            if (path->DeviceMiniq == 0 || !Read(device, path->DeviceMiniq, &miniq) || miniq == 0) return false;
        }
        else
        {
            ulong entry = 0, first = 0, second = 0, bundle = 0;
            if (!Read(device, path->DeviceTcx, &entry) || entry == 0) return false;
            if (!Read(entry, 0, &first) || !Read(entry, 8, &second) || second != 0) return false;
            if (!Read(entry, path->EntryParent, &bundle) || !Read(bundle - path->TcxBundle, path->TcxMiniq, &miniq)) return false;
            if (first != 0) return miniq == 0;
            if (miniq == 0) return false;
        }
        ulong filter = 0, next = 0;
        return Read(miniq, path->MiniqFilters, &filter) && filter != 0 && Read(filter, path->FilterNext, &next) && next == 0;
    }

    private static bool HasOnlySocketsHook(ulong net, PassagePath* path)
    {
        ulong hooks = 1, count = 0, hook = 0;
        if (!Read(net, path->NetHooks + PostroutingHook * HookSize, &hooks)) return false;
        if (hooks == 0) return true;
        // Their number has 16 bits.
        return Maps.Settings.Value->SocketsHook != 0 && Read(hooks, 0, &count) && (ushort)count == 1 &&
            Read(hooks, path->FirstHook, &hook) && hook == Maps.Settings.Value->SocketsHook;
    }

    private static bool HasPolicies(ulong net, PassagePath* path)
    {
        if (path->NetPolicies == 0) return false;
        // Six counts of four bytes: in, out and forward, for all and for sockets.
        if (!IsEmpty(net, path->NetPolicies) || !IsEmpty(net, path->NetPolicies + 8u) || !IsEmpty(net, path->NetPolicies + 16u)) return true;
        if (path->NetPolicyDefaults == 0) return false;
        byte sent = Block, forwarded = Block;
        if (Helpers.ProbeReadKernel(&sent, 1, net + path->NetPolicyDefaults + OutPolicy) != 0) return true;
        if (Helpers.ProbeReadKernel(&forwarded, 1, net + path->NetPolicyDefaults + ForwardPolicy) != 0) return true;
        return sent == Block || forwarded == Block;
    }

    /// <summary>Whether eight bytes at an offset from an address of the kernel are zero; where the kernel has no such member they are.</summary>
    private static bool IsEmpty(ulong from, uint offset)
    {
        if (offset == 0) return true;
        ulong value = 1;
        return Read(from, offset, &value) && value == 0;
    }

    private static bool Read(ulong from, uint offset, ulong* value) => Helpers.ProbeReadKernel(value, 8, from + offset) == 0;
}
