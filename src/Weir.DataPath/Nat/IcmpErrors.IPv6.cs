using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;

namespace Weir.DataPath.Nat;

/// <summary>ICMPv6 errors (RFC 4443).</summary>
public static unsafe partial class IcmpErrors
{
    private const uint IPv6Header = Parse.IPv6Header;
    private const byte FragmentHeader = 44;

    /// <summary>As <see cref="Inside"/>. The message's checksum follows each change of what it quotes.</summary>
    /// <returns>0, or not where the packet must be dropped.</returns>
    [Subprogram(Global = true)]
    internal static int InsideIPv6(SkBuff* skb, Packet* packet, uint end, IpAddress* address, ushort portBe)
    {
        if (packet == null || address == null) return 1;
        var at = packet->TransportOffset + IcmpHeader;
        var message = packet->TransportOffset + 2u;
        IPv6Start ip;
        if (Helpers.SkbLoadBytes(skb, at, &ip, IPv6Header) != 0) return 1;
        var old = end == Rewrite.Destination ? ip.Source : ip.Destination;
        // Of equal ones it would be the other zero.
        var difference = IpAddress.AreEqual(&old, address) ? 0 : (uint)Helpers.CsumDiff((uint*)&old, 16, (uint*)address, 16, 0);
        if (TransportIPv6(skb, packet, end, at, &ip, difference, portBe) != 0) return 1;
        if (difference == 0) return 0;
        if (Helpers.L4CsumReplace(skb, message, 0, difference, 0) != 0) return 1;
        return Helpers.SkbStoreBytes(skb, at + (end == Rewrite.Destination ? 8u : 24u), address, 16, 0) != 0 ? 1 : 0;
    }

    private static int TransportIPv6(SkBuff* skb, Packet* packet, uint end, uint at, IPv6Start* ip, uint difference, ushort portBe)
    {
        var message = packet->TransportOffset + 2u;
        var protocol = ip->Next;
        at += IPv6Header;
        if (protocol == FragmentHeader)
        {
            FragmentStart fragment;
            if (Helpers.SkbLoadBytes(skb, at, &fragment, 8) != 0) return 1;
            protocol = fragment.Next;
            at += 8;
        }
        var isQuery = protocol == Parse.Icmp6;
        if (!isQuery && !Parse.HasPorts(protocol)) return 0;
        var length = packet->NetworkOffset + packet->Length - at;
        if (length < 8 || length > ushort.MaxValue) return 1;
        var place = at + (isQuery ? 4u : end == Rewrite.Destination ? 0u : 2u);
        ushort oldPortBe = 0;
        if (Helpers.SkbLoadBytes(skb, place, &oldPortBe, 2) != 0) return 1;
        uint checksum = protocol switch
        {
            Parse.Icmp6 => 2,
            Parse.Tcp => length >= 20 ? 16u : 0,
            Parse.Udp or Parse.UdpLite => 6,
            _ => 0,
        };
        if (checksum != 0)
        {
            ushort before = 0, after = 0;
            if (Helpers.SkbLoadBytes(skb, at + checksum, &before, 2) != 0) return 1;
            var flags = protocol == Parse.Udp ? ChecksumFlags.MarkMangledZero : 0;
            if (difference != 0 && Helpers.L4CsumReplace(skb, at + checksum, 0, difference, flags) != 0) return 1;
            if (oldPortBe != portBe && Helpers.L4CsumReplace(skb, at + checksum, oldPortBe, portBe, flags | 2) != 0) return 1;
            if (Helpers.SkbLoadBytes(skb, at + checksum, &after, 2) != 0) return 1;
            if (before != after && Helpers.L4CsumReplace(skb, message, before, after, 2) != 0) return 1;
        }
        if (oldPortBe == portBe) return 0;
        if (Helpers.L4CsumReplace(skb, message, oldPortBe, portBe, 2) != 0) return 1;
        return Helpers.SkbStoreBytes(skb, place, &portBe, 2, 0) == 0 ? 0 : 1;
    }

    /// <summary>As <see cref="Read"/>.</summary>
    /// <returns>0: it was read.</returns>
    [Subprogram(Global = true)]
    private static int ReadIPv6(SkBuff* skb, Packet* packet, FlowTuple* inner)
    {
        if (packet == null || inner == null) return 1;
        var at = packet->TransportOffset + IcmpHeader;
        var length = packet->NetworkOffset + packet->Length - at;
        IPv6Start ip;
        if (length < IPv6Header + 4 || length > ushort.MaxValue || Helpers.SkbLoadBytes(skb, at, &ip, IPv6Header) != 0) return 1;
        if ((ip.VersionAndLabelBe & 0xf0) != 0x60) return 1;
        at += IPv6Header;
        var protocol = ip.Next;
        if (protocol == FragmentHeader)
        {
            FragmentStart fragment;
            if (Helpers.SkbLoadBytes(skb, at, &fragment, 8) != 0 || (Bits.Swap(fragment.PlaceBe) & 0xfff8) != 0) return 1;
            protocol = fragment.Next;
            at += 8;
        }
        inner->Source = ip.Source;
        inner->Destination = ip.Destination;
        inner->Protocol = protocol == Parse.Icmp6 ? Parse.Icmp : protocol;
        inner->Side = 0;
        inner->Zero0 = 0;
        TransportStart transport = default;
        if (protocol == Parse.Icmp6)
        {
            if (Helpers.SkbLoadBytes(skb, at, &transport, 8) != 0) return 1;
            var type = (byte)transport.FirstBe;
            if (type is not (Icmp6Type.EchoRequest or Icmp6Type.EchoReply)) return 1;
            inner->SourcePortBe = transport.IdBe;
            inner->DestinationPortBe = (ushort)((type == Icmp6Type.EchoRequest ? 8u : 0) | (transport.FirstBe & 0xff00u));
            return 0;
        }
        if (Parse.HasPorts(protocol) && Helpers.SkbLoadBytes(skb, at, &transport, 4) != 0) return 1;
        inner->SourcePortBe = transport.FirstBe;
        inner->DestinationPortBe = transport.SecondBe;
        return 0;
    }

    /// <summary>The fixed header. 40 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IPv6Start
    {
        public uint VersionAndLabelBe;
        public ushort PayloadBe;
        public byte Next;
        public byte HopLimit;
        public IpAddress Source;
        public IpAddress Destination;
    }

    /// <summary>A fragment header. 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FragmentStart
    {
        public byte Next;
        public byte Reserved;
        public ushort PlaceBe;
        public uint IdentificationBe;
    }
}
