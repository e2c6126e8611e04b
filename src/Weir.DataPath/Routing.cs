using Weir.Bpf.Programs;

namespace Weir.DataPath;

/// <summary>What the kernel's routing says.</summary>
public static unsafe partial class Routing
{
    public const byte FamilyIPv4 = 2;
    private const uint TypeUnicast = 1;
    private const uint TypeLocal = 2;
    private const uint TypeBroadcast = 3;
    private const uint TypeMulticast = 5;
    private const ulong IntoIngress = 1;

    /// <summary>PACKET_HOST.</summary>
    public const uint ToThisHost = 0;

    /// <summary>Whether a packet that came in is for this host.</summary>
    /// <returns>1: for this host (also where forwarding is off, so that nothing else can become of it).</returns>
    [Subprogram(Global = true)]
    public static int IsForThisHost(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return 1;
        if (packet->InIfIndex == Maps.Settings.Value->LoopbackIfIndex) return 1;
        FibLookup fib = default;
        FillAny(&fib, packet, packet->InIfIndex);
        return IsForThisHost(Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags())) ? 1 : 0;
    }

    /// <summary>What <see cref="Onward"/> says: the packet is the stack's.</summary>
    public const int ByStack = 0;

    /// <summary>The same: it can leave at once.</summary>
    public const int AtOnce = 1;

    /// <summary>The same: it is for this host.</summary>
    public const int ToHere = 2;

    /// <summary>
    /// Where a packet that came in is forwarded to: sets <see cref="Packet.OutIfIndex"/> and the next hop. Whatever the stack would answer (no route, too long,
    /// out of time, a better way) or drop (a wrong header checksum) or that only it can do (options, IPv6 next hops) is left to it.
    /// </summary>
    /// <returns><see cref="ByStack"/>, <see cref="AtOnce"/> or <see cref="ToHere"/>.</returns>
    [Subprogram(Global = true)]
    public static int Onward(SkBuff* skb, Packet* packet, RedirectNeighbour* next)
    {
        if (packet == null || next == null) return ByStack;
        // Frames to everyone are not forwarded.
        if (skb->PacketType != ToThisHost) return ByStack;
        if ((packet->Flags & PacketFlags.IPv6) != 0) return OnwardIPv6(skb, packet, next);
        if (packet->TimeToLive <= 1 || packet->HeaderLength != 20 || (packet->Flags & (PacketFlags.Fragment | PacketFlags.IcmpError | PacketFlags.Multicast)) != 0) return ByStack;
        var ip = SkBuff.Data(skb) + ((uint)packet->NetworkOffset & 63);
        if (ip + 20 > SkBuff.DataEnd(skb) || !Checksums.IsHeaderRight(ip)) return ByStack;
        var settings = Maps.Settings.Value;
        if (packet->Mark != 0 && (settings->Flags & SettingsFlags.FibMark) == 0) return ByStack;
        FibLookup fib = default;
        Fill(&fib, packet, packet->InIfIndex);
        // Of segments that are still together, one.
        var segment = skb->GsoSize;
        fib.TotalLength = (ushort)(segment == 0 ? packet->Length : packet->HeaderLength + packet->TransportLength + segment);
        // A neighbour that is not known is asked for by the stack, which also says when nobody answers.
        var flags = Flags() & ~FibLookupFlags.SkipNeighbour;
        var result = Helpers.FibLookup(skb, &fib, sizeof(FibLookup), flags);
        if (IsForThisHost(result)) return ToHere;
        if (result != FibLookupResult.Success || fib.Family != FamilyIPv4) return ByStack;
        // Back to where it came from: the sender is told of the better way (redirect).
        if (fib.IfIndex == packet->InIfIndex || fib.IfIndex == settings->LoopbackIfIndex) return ByStack;
        packet->OutIfIndex = fib.IfIndex;
        next->Family = FamilyIPv4;
        next->NextHopIp4Be = fib.DestinationBe;
        return AtOnce;
    }

    /// <summary>
    /// Whether the way back to a packet's source is by the device that it came in by: then it is no address of this host, and passes every kind of reverse path filter
    /// (fib_validate_source). net.ipv4.conf.lo.forwarding must be on.
    /// </summary>
    /// <returns>1: it is.</returns>
    [Subprogram(Global = true)]
    public static int LeadsBack(SkBuff* skb, Packet* packet) => packet != null && LeadsBackFrom(skb, packet) ? 1 : 0;

    /// <summary>The same, of an skb or an XDP frame.</summary>
    public static bool LeadsBackFrom(void* context, Packet* packet)
    {
        FibLookup fib = default;
        fib.Family = FamilyIPv4;
        fib.IfIndex = Maps.Settings.Value->LoopbackIfIndex;
        fib.TypeOfService = packet->TypeOfService;
        fib.SourceBe = packet->Destination.Word3Be;
        fib.DestinationBe = packet->Source.Word3Be;
        var result = Helpers.FibLookup(context, &fib, sizeof(FibLookup), Flags());
        return result is FibLookupResult.Success or FibLookupResult.NoNeighbour && fib.IfIndex == packet->InIfIndex;
    }

    /// <summary>The source address that this host has towards the packet's destination on its output device (MASQUERADE); 0: none.</summary>
    public static uint SourceAddressBe(SkBuff* skb, Packet* packet)
    {
        var settings = Maps.Settings.Value;
        if ((settings->Flags & SettingsFlags.FibSource) != 0)
        {
            FibLookup fib = default;
            Fill(&fib, packet, packet->OutIfIndex);
            fib.SourceBe = 0;
            var result = Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags() | FibLookupFlags.Output | FibLookupFlags.Source);
            if (result is FibLookupResult.Success or FibLookupResult.NoNeighbour && fib.SourceBe != 0) return fib.SourceBe;
        }
        return DeviceAddressBe(packet->OutIfIndex);
    }

    /// <summary>A device's first address; 0: none.</summary>
    public static uint DeviceAddressBe(uint ifIndex)
    {
        var device = Maps.Devices.Lookup(&ifIndex);
        return device == null ? 0 : device->AddressBe;
    }

    /// <summary>
    /// After the destination of a packet made here was translated: where it leaves now. Sets <see cref="Packet.OutIfIndex"/>; the loopback device stands
    /// for this host. The look-up is as of a packet from the loopback device, which is how the kernel's rules see local output; it needs
    /// net.ipv4.conf.lo.forwarding (else a route on the present device is looked for).
    /// </summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Again(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return 0;
        var loopback = Maps.Settings.Value->LoopbackIfIndex;
        FibLookup fib = default;
        FillAny(&fib, packet, loopback);
        var result = Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags());
        if (result == FibLookupResult.NotForwarded)
        {
            packet->OutIfIndex = loopback;
        }
        else if (result is FibLookupResult.Success or FibLookupResult.NoNeighbour or FibLookupResult.FragmentationNeeded)
        {
            packet->OutIfIndex = fib.IfIndex;
        }
        return 0;
    }

    /// <summary>What forwarding makes of the type of service (rt_tos2priority): the socket priority of its two middle bits.</summary>
    public static uint PriorityOf(byte typeOfService) => 0x4620u >> (typeOfService >> 3 & 3) * 4 & 15;

    /// <summary>Whether an address is one of this host's, as local output sees it (net.ipv4.conf.lo.forwarding must be on).</summary>
    /// <returns>1: it is.</returns>
    [Subprogram(Global = true)]
    public static int IsLocalAddress(SkBuff* skb, Packet* packet, uint addressBe)
    {
        if (packet == null) return 0;
        FibLookup fib = default;
        Fill(&fib, packet, Maps.Settings.Value->LoopbackIfIndex);
        fib.DestinationBe = addressBe;
        return Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags()) == FibLookupResult.NotForwarded ? 1 : 0;
    }

    /// <summary>Whether an address is one of this host's, of the packet's family.</summary>
    /// <returns>1: it is.</returns>
    public static int IsLocal(SkBuff* skb, Packet* packet, IpAddress* address) =>
        (packet->Flags & PacketFlags.IPv6) != 0 ? IsLocalIPv6(skb, packet, address) : IsLocalAddress(skb, packet, address->Word3Be);

    /// <summary>The device that leads to an address, and the neighbour there; 0: none.</summary>
    public static uint NextHop(SkBuff* skb, Packet* packet, uint addressBe, uint* neighbourBe)
    {
        FibLookup fib = default;
        Fill(&fib, packet, Maps.Settings.Value->LoopbackIfIndex);
        fib.DestinationBe = addressBe;
        var result = Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags());
        if (result is not (FibLookupResult.Success or FibLookupResult.NoNeighbour)) return 0;
        // The answer is the gateway where the address is not on the device's own network.
        *neighbourBe = fib.DestinationBe;
        return fib.IfIndex;
    }

    /// <summary>Hands the packet to this host through the loopback device's ingress. Its route is looked up there: net.ipv4.conf.lo.accept_local must be on.</summary>
    /// <returns>A <see cref="TcAction"/>.</returns>
    [Subprogram(Global = true)]
    public static int IntoLoopback(SkBuff* skb)
    {
        // The loopback device's address is all zero: with another one the packet would count as someone else's.
        ulong zero = 0;
        if (Helpers.SkbStoreBytes(skb, 0, &zero, 8, 0) != 0) return TcAction.Shot;
        if (Helpers.SkbStoreBytes(skb, 4, &zero, 8, 0) != 0) return TcAction.Shot;
        return (int)Helpers.Redirect(Maps.Settings.Value->LoopbackIfIndex, IntoIngress);
    }

    /// <summary>The routing type of an address (RTN_…); where a device is named, its addresses only.</summary>
    public static uint TypeOf(uint addressBe, uint ifIndex)
    {
        var first = addressBe & 0xff;
        if (first == 0 || addressBe == uint.MaxValue) return TypeBroadcast;
        if ((first & 0xf0) == 0xe0) return TypeMulticast;
        var known = Maps.AddressTypes.Lookup(&addressBe);
        if (known != null) return ifIndex == 0 || *known >> 8 == ifIndex ? *known & 0xff : TypeUnicast;
        var loopback = first == 127 && (ifIndex == 0 || ifIndex == Maps.Settings.Value->LoopbackIfIndex);
        return loopback ? TypeLocal : TypeUnicast;
    }

    /// <summary>A packet's question, as of one that came in by a device.</summary>
    internal static void Fill(FibLookup* fib, Packet* packet, uint ifIndex)
    {
        fib->Family = FamilyIPv4;
        fib->Protocol = packet->Protocol;
        fib->SourcePortBe = packet->SourcePortBe;
        fib->DestinationPortBe = packet->DestinationPortBe;
        fib->IfIndex = ifIndex;
        fib->TypeOfService = packet->TypeOfService;
        fib->SourceBe = packet->Source.Word3Be;
        fib->DestinationBe = packet->Destination.Word3Be;
        fib->Mark = packet->Mark;
    }

    private static void FillAny(FibLookup* fib, Packet* packet, uint ifIndex)
    {
        if ((packet->Flags & PacketFlags.IPv6) != 0) FillIPv6(fib, packet, ifIndex);
        else Fill(fib, packet, ifIndex);
    }

    private static bool IsForThisHost(FibLookupResult result) => result is FibLookupResult.NotForwarded or FibLookupResult.ForwardingDisabled;

    private static FibLookupFlags Flags()
    {
        var flags = FibLookupFlags.None;
        var settings = Maps.Settings.Value->Flags;
        if ((settings & SettingsFlags.FibSkipNeighbour) != 0) flags |= FibLookupFlags.SkipNeighbour;
        if ((settings & SettingsFlags.FibMark) != 0) flags |= FibLookupFlags.Mark;
        return flags;
    }
}
