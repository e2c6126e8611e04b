using Weir.Bpf.Programs;

namespace Weir.DataPath;

/// <summary>
/// IPv6. The kernel's look-up says "not forwarded" for addresses of this host and where there is no route alike; it needs forwarding to be on at the device that the packet
/// is said to come in by (net.ipv6.conf.lo.forwarding for what is made here, which the control side sets).
/// </summary>
public static unsafe partial class Routing
{
    public const byte FamilyIPv6 = 10;

    /// <summary>As <see cref="IsLocalAddress"/>.</summary>
    /// <returns>1: it is.</returns>
    [Subprogram(Global = true)]
    public static int IsLocalIPv6(SkBuff* skb, Packet* packet, IpAddress* address)
    {
        if (packet == null || address == null) return 0;
        FibLookup fib = default;
        FillIPv6(&fib, packet, Maps.Settings.Value->LoopbackIfIndex);
        SetDestination(&fib, address);
        return Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags()) == FibLookupResult.NotForwarded ? 1 : 0;
    }

    /// <summary>As <see cref="NextHop"/>: sets the neighbour. Returns the device, 0: none.</summary>
    [Subprogram(Global = true)]
    public static int NextHopIPv6(SkBuff* skb, Packet* packet, IpAddress* address, RedirectNeighbour* next)
    {
        if (packet == null || address == null || next == null) return 0;
        FibLookup fib = default;
        FillIPv6(&fib, packet, Maps.Settings.Value->LoopbackIfIndex);
        SetDestination(&fib, address);
        var result = Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags());
        if (result is not (FibLookupResult.Success or FibLookupResult.NoNeighbour)) return 0;
        SetNextHop(next, &fib);
        return (int)fib.IfIndex;
    }

    /// <summary>As <see cref="SourceAddressBe"/>.</summary>
    /// <returns>1: there is one.</returns>
    [Subprogram(Global = true)]
    public static int SourceIPv6(SkBuff* skb, Packet* packet, IpAddress* address)
    {
        if (packet == null || address == null) return 0;
        if ((Maps.Settings.Value->Flags & SettingsFlags.FibSource) != 0)
        {
            FibLookup fib = default;
            FillIPv6(&fib, packet, packet->OutIfIndex);
            for (var i = 0; i < 4; i++) fib.SourceWordsBe[i] = 0;
            var result = Helpers.FibLookup(skb, &fib, sizeof(FibLookup), Flags() | FibLookupFlags.SkipNeighbour | FibLookupFlags.Output | FibLookupFlags.Source);
            if (result == FibLookupResult.Success)
            {
                address->Word0Be = fib.SourceWordsBe[0];
                address->Word1Be = fib.SourceWordsBe[1];
                address->Word2Be = fib.SourceWordsBe[2];
                address->Word3Be = fib.SourceWordsBe[3];
                if ((address->Word0Be | address->Word3Be) != 0) return 1;
            }
        }
        var ifIndex = packet->OutIfIndex;
        var device = Maps.Devices.Lookup(&ifIndex);
        if (device == null || (device->AddressIPv6.Word0Be | device->AddressIPv6.Word3Be) == 0) return 0;
        *address = device->AddressIPv6;
        return 1;
    }

    /// <summary>As <see cref="Onward"/>, whose first part has been asked.</summary>
    [Subprogram(Global = true)]
    private static int OnwardIPv6(SkBuff* skb, Packet* packet, RedirectNeighbour* next)
    {
        if (packet == null || next == null) return ByStack;
        // Extension headers may be for routers to read.
        if (packet->TimeToLive <= 1 || packet->HeaderLength != Parse.IPv6Header || (packet->Flags & (PacketFlags.Fragment | PacketFlags.IcmpError)) != 0) return ByStack;
        var settings = Maps.Settings.Value;
        if (packet->Mark != 0 && (settings->Flags & SettingsFlags.FibMark) == 0) return ByStack;
        FibLookup fib = default;
        FillIPv6(&fib, packet, packet->InIfIndex);
        var segment = skb->GsoSize;
        var length = segment == 0 ? packet->Length : packet->HeaderLength + packet->TransportLength + segment;
        if (length > ushort.MaxValue) return ByStack;
        fib.TotalLength = (ushort)length;
        var flags = Flags() & ~FibLookupFlags.SkipNeighbour;
        if (Helpers.FibLookup(skb, &fib, sizeof(FibLookup), flags) != FibLookupResult.Success) return ByStack;
        if (fib.IfIndex == packet->InIfIndex || fib.IfIndex == settings->LoopbackIfIndex) return ByStack;
        packet->OutIfIndex = fib.IfIndex;
        SetNextHop(next, &fib);
        return AtOnce;
    }

    private static void SetDestination(FibLookup* fib, IpAddress* address)
    {
        fib->DestinationWordsBe[0] = address->Word0Be;
        fib->DestinationWordsBe[1] = address->Word1Be;
        fib->DestinationWordsBe[2] = address->Word2Be;
        fib->DestinationWordsBe[3] = address->Word3Be;
    }

    private static void SetNextHop(RedirectNeighbour* next, FibLookup* fib)
    {
        next->Family = FamilyIPv6;
        for (var i = 0; i < 4; i++) next->NextHopIp6Be[i] = fib->DestinationWordsBe[i];
    }

    private static void FillIPv6(FibLookup* fib, Packet* packet, uint ifIndex)
    {
        fib->Family = FamilyIPv6;
        fib->Protocol = packet->Protocol == Parse.Icmp ? Parse.Icmp6 : packet->Protocol;
        fib->SourcePortBe = packet->SourcePortBe;
        fib->DestinationPortBe = packet->DestinationPortBe;
        fib->IfIndex = ifIndex;
        // The flow label is no part of routing, the traffic class is.
        fib->FlowInfoBe = (uint)(packet->TypeOfService >> 4 | (packet->TypeOfService & 15) << 12);
        fib->SourceWordsBe[0] = packet->Source.Word0Be;
        fib->SourceWordsBe[1] = packet->Source.Word1Be;
        fib->SourceWordsBe[2] = packet->Source.Word2Be;
        fib->SourceWordsBe[3] = packet->Source.Word3Be;
        SetDestination(fib, &packet->Destination);
        fib->Mark = packet->Mark;
    }
}
