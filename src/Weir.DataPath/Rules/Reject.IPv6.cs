using Weir.Bpf.Programs;
using Weir.DataPath.Image;
using Weir.DataPath.Services;

namespace Weir.DataPath.Rules;

/// <summary>What an IPv6 client is told whose service takes no connections: port unreachable (icmp6_send). No chains follow, so the answer carries no state.</summary>
public static unsafe partial class Reject
{
    private const uint IPv6Header = Parse.IPv6Header;

    /// <summary>Most bytes that an error quotes: it fits the least MTU.</summary>
    private const uint MostQuotedIPv6 = 1280 - IPv6Header - IcmpHeader;
    private const byte PortUnreachableIPv6 = 4;

    /// <summary>As <see cref="Spare"/>.</summary>
    private const uint SpareIPv6 = 256;

    [Subprogram(Global = true)]
    private static int AnswerIPv6(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return TcAction.Shot;
        if (skb->PacketType != Routing.ToThisHost || (packet->Flags & PacketFlags.LaterFragment) != 0 || packet->Protocol == Parse.Icmp) return TcAction.Shot;
        if (Checksums.IsWrong(skb, packet) != 0) return TcAction.Shot;
        var asked = packet->Destination;
        packet->Destination = packet->Source;
        packet->Source = asked;
        var portBe = packet->SourcePortBe;
        packet->SourcePortBe = packet->DestinationPortBe;
        packet->DestinationPortBe = portBe;
        packet->Mark = 0;
        var loopback = Maps.Settings.Value->LoopbackIfIndex;
        packet->OutIfIndex = packet->Hook == Hook.Output ? loopback : packet->InIfIndex;
        Routing.Again(skb, packet);
        if (packet->OutIfIndex == loopback && packet->Hook != Hook.Output && packet->InIfIndex != loopback) return TcAction.Shot;
        if (packet->OutIfIndex != loopback && AnswerLimits.AreExceeded(Schedulers.Fold(&packet->Destination)) != 0) return TcAction.Shot;
        // A process of this host is told by its own address.
        if (packet->Hook == Hook.Output && skb->IfIndex != loopback) packet->Source = packet->Destination;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return TcAction.Shot;
        var words = (uint*)scratch->Answer;
        var length = UnreachableIPv6(skb, packet, words);
        if (length == 0 || !BecomeIPv6(skb, packet, words, length)) return Failed();
        skb->Mark = 0;
        packet->Flags &= ~PacketFlags.MarkChanged;
        skb->TcIndex = Note.Own;
        return (int)Helpers.RedirectNeigh(packet->OutIfIndex, null, 0, 0);
    }

    private static uint UnreachableIPv6(SkBuff* skb, Packet* packet, uint* words)
    {
        var quoted = packet->Length;
        if (quoted > MostQuotedIPv6) quoted = MostQuotedIPv6;
        if (quoted < IPv6Header) return 0;
        var bytes = (byte*)words;
        if (Helpers.SkbLoadBytes(skb, packet->NetworkOffset, bytes + IPv6Header + IcmpHeader, quoted) != 0) return 0;
        var message = IcmpHeader + quoted;
        bytes[IPv6Header + message] = 0;
        bytes[IPv6Header + message + 1] = 0;
        bytes[IPv6Header + message + 2] = 0;
        words[0] = Bits.Swap(6u << 28);
        words[1] = Bits.Swap(message << 16 | (uint)Parse.Icmp6 << 8 | TimeToLive);
        words[2] = packet->Source.Word0Be;
        words[3] = packet->Source.Word1Be;
        words[4] = packet->Source.Word2Be;
        words[5] = packet->Source.Word3Be;
        words[6] = packet->Destination.Word0Be;
        words[7] = packet->Destination.Word1Be;
        words[8] = packet->Destination.Word2Be;
        words[9] = packet->Destination.Word3Be;
        words[10] = Bits.Swap((uint)Icmp6Type.Unreachable << 24 | (uint)PortUnreachableIPv6 << 16);
        words[11] = 0;
        // The addresses are followed by the message. In parts: before Linux 6.13 bpf_csum_diff takes 512 bytes.
        var left = (2 * 16 + message + 3) & ~3u;
        var part = left > 512 ? 512 : left;
        var sum = Helpers.CsumDiff(null, 0, words + 2, part, Checksums.PseudoHeader(Parse.Icmp6, message));
        left -= part;
        part = left > 512 ? 512 : left;
        if (part != 0) sum = Helpers.CsumDiff(null, 0, words + 2 + 128, part, (uint)sum);
        left -= part;
        part = left > 256 ? 256 : left;
        if (part != 0) sum = Helpers.CsumDiff(null, 0, words + 2 + 256, part, (uint)sum);
        ((ushort*)words)[21] = Checksums.Fold((ulong)sum);
        return IPv6Header + message;
    }

    private static bool BecomeIPv6(SkBuff* skb, Packet* packet, uint* words, uint length)
    {
        uint network = packet->NetworkOffset;
        if (length > IPv6Header + IcmpHeader + MostQuotedIPv6) return false;
        if (Helpers.SkbChangeTail(skb, network + length + SpareIPv6, 0) != 0) return false;
        if (Helpers.SkbAdjustRoom(skb, -(int)SpareIPv6, RoomMode.Link, 0) != 0) return false;
        if (Helpers.SkbStoreBytes(skb, network, words, length, StoreFlags.RecomputeChecksum) != 0) return false;
        return network != 0 || Helpers.SkbChangeHead(skb, EthernetHeader, 0) == 0;
    }
}
