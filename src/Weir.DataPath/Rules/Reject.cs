using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;
using Weir.DataPath.Nat;

namespace Weir.DataPath.Rules;

/// <summary>
/// The REJECT target. The packet itself is turned round: its bytes become the answer's, and it goes out of the device that the answer's route names (the
/// loopback device for a sender on this host), past the OUTPUT and POSTROUTING chains like all that this host sends. What is answered, and how, follows
/// nf_send_reset, nf_send_unreach and icmp_send.
/// </summary>
public static unsafe partial class Reject
{
    private const uint EthernetHeader = 14;
    private const uint IPv4Header = 20;
    private const uint TcpHeader = 20;
    private const uint IcmpHeader = 8;

    /// <summary>Most bytes that an ICMP error quotes.</summary>
    private const uint MostQuoted = 576 - IPv4Header - IcmpHeader;

    /// <summary>The default of net.ipv4.ip_default_ttl.</summary>
    private const byte TimeToLive = 64;

    /// <summary>IPTOS_PREC_INTERNETCONTROL, and what of the packet's own type of service is kept beside it.</summary>
    private const byte InternetControl = 0xc0;
    private const byte TypeOfServiceMask = 0x1e;

    private const ushort DontFragment = 0x4000;
    private const byte DestinationUnreachable = 3;
    private const byte LastIcmpType = 18;
    private const byte Fin = 1, Syn = 2, Rst = 4, Ack = 16;

    /// <summary>192.0.0.8 (RFC 7600), for a host without an address.</summary>
    private const uint DummyBe = 0x080000c0;

    /// <summary>
    /// More than any offset of a transport header. Cutting that much off the front makes the kernel forget a checksum that was left to the device
    /// (skb_postpull_rcsum): it would be written into the answer.
    /// </summary>
    private const uint Spare = 80;

    /// <summary>Answers the packet as <paramref name="with"/> (<see cref="RejectWith"/>) says; the original is gone either way.</summary>
    /// <returns>A <see cref="TcAction"/>: Shot or Redirect.</returns>
    [Subprogram(Global = true)]
    public static int Answer(SkBuff* skb, Packet* packet, uint with)
    {
        if (packet == null) return TcAction.Shot;
        if ((packet->Flags & PacketFlags.IPv6) != 0) return AnswerIPv6(skb, packet);
        if (!IsAnswered(skb, packet, with) || Checksums.IsWrong(skb, packet) != 0) return TcAction.Shot;
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return TcAction.Shot;
        var note = Answers.NoteFor(skb, packet, with);
        Answers.TurnRound(packet);
        Routing.Again(skb, packet);
        // An answer to an address of this host goes back to the sender only if the packet came from here.
        if (packet->OutIfIndex == Maps.Settings.Value->LoopbackIfIndex && packet->Hook != Hook.Output && packet->InIfIndex != packet->OutIfIndex)
            return TcAction.Shot;
        var isReset = with == (uint)RejectWith.TcpReset;
        if (!isReset && packet->OutIfIndex != Maps.Settings.Value->LoopbackIfIndex && AnswerLimits.AreExceeded(packet->Destination.Word3Be) != 0)
            return TcAction.Shot;
        var words = (uint*)scratch->Answer;
        var length = isReset ? Reset(skb, packet, words) : Unreachable(skb, packet, words, CodeOf(with));
        if (length == 0 || !Become(skb, packet, words, length)) return Failed();
        skb->Mark = 0;
        packet->Flags &= ~PacketFlags.MarkChanged;
        skb->TcIndex = note;
        return (int)Helpers.RedirectNeigh(packet->OutIfIndex, null, 0, 0);
    }

    private static bool IsAnswered(SkBuff* skb, Packet* packet, uint with)
    {
        if (with > (uint)RejectWith.IcmpAdminProhibited || with == (uint)RejectWith.IcmpEchoReply) return false;
        if (skb->PacketType != Routing.ToThisHost || (packet->Flags & PacketFlags.LaterFragment) != 0) return false;
        var destination = packet->Destination.Word3Be;
        var first = (byte)destination;
        if ((first & 0xf0) == 0xe0 || destination == uint.MaxValue) return false;
        uint network = packet->NetworkOffset;
        if (network >= EthernetHeader)
        {
            // The broadcast addresses of networks are known by their link address.
            byte link = 0;
            if (Helpers.SkbLoadBytes(skb, network - EthernetHeader, &link, 1) != 0 || (link & 1) != 0) return false;
        }
        // Sources that routing would not have let in.
        first = (byte)packet->Source.Word3Be;
        if (packet->Hook != Hook.Output && packet->InIfIndex != Maps.Settings.Value->LoopbackIfIndex && first is 0 or 127 or >= 224) return false;
        if (with == (uint)RejectWith.TcpReset)
            return packet->Protocol == Parse.Tcp && (packet->Flags & PacketFlags.HasTransport) != 0 && (packet->TcpFlags & Rst) == 0;
        if (packet->Protocol != Parse.Icmp) return true;
        // Errors, and what nobody knows, are not answered by an error.
        if ((packet->Flags & PacketFlags.HasTransport) == 0 || packet->IcmpType > LastIcmpType) return false;
        // The kernel answers pings under a lock that an error about the answer would need, so there is none.
        if (packet->Hook == Hook.Output && packet->IcmpType is 0 or 14) return false;
        return packet->IcmpType is 0 or 8 or >= 13;
    }

    private static byte CodeOf(uint with) => (RejectWith)with switch
    {
        RejectWith.IcmpNetUnreachable => 0,
        RejectWith.IcmpHostUnreachable => 1,
        RejectWith.IcmpProtoUnreachable => 2,
        RejectWith.IcmpPortUnreachable => 3,
        RejectWith.IcmpNetProhibited => 9,
        RejectWith.IcmpHostProhibited => 10,
        _ => 13,
    };

    /// <summary>The reset of a TCP segment (RFC 9293, 3.10.7.1), of a packet that was turned round. Returns its length, 0 where it cannot be made.</summary>
    private static uint Reset(SkBuff* skb, Packet* packet, uint* words)
    {
        Numbers numbers = default;
        if (Helpers.SkbLoadBytes(skb, packet->TransportOffset + 4u, &numbers, (uint)sizeof(Numbers)) != 0) return 0;
        uint flags = packet->TcpFlags;
        var data = packet->Length - packet->HeaderLength - packet->TransportLength;
        var end = Bits.Swap(numbers.SequenceBe) + (flags >> 1 & 1) + (flags & 1) + data;
        var acknowledges = (flags & Ack) != 0;
        Header(packet, words, Parse.Tcp, IPv4Header + TcpHeader, 0, 0, DontFragment);
        var ports = (ushort*)(words + 5);
        ports[0] = packet->SourcePortBe;
        ports[1] = packet->DestinationPortBe;
        words[6] = acknowledges ? numbers.AcknowledgementBe : 0;
        words[7] = acknowledges ? 0 : Bits.Swap(end);
        words[8] = Bits.Swap(((TcpHeader / 4) << 28) | (uint)(acknowledges ? Rst : Rst | Ack) << 16);
        words[9] = 0;
        // The addresses are followed by the header.
        var sum = Helpers.CsumDiff(null, 0, words + 3, 8 + TcpHeader, Checksums.PseudoHeader(Parse.Tcp, TcpHeader));
        ((ushort*)(words + 9))[0] = Checksums.Fold((ulong)sum);
        return IPv4Header + TcpHeader;
    }

    /// <summary>The ICMP error about a packet (RFC 792, RFC 1122), which was turned round. Returns its length, 0 where it cannot be made.</summary>
    private static uint Unreachable(SkBuff* skb, Packet* packet, uint* words, byte code)
    {
        var quoted = packet->Length;
        if (quoted > MostQuoted) quoted = MostQuoted;
        if (quoted < IPv4Header) return 0;
        var bytes = (byte*)words;
        if (Helpers.SkbLoadBytes(skb, packet->NetworkOffset, bytes + IPv4Header + IcmpHeader, quoted) != 0) return 0;
        var message = IcmpHeader + quoted;
        bytes[IPv4Header + message] = 0;
        bytes[IPv4Header + message + 1] = 0;
        bytes[IPv4Header + message + 2] = 0;
        packet->Source.Word3Be = SourceBe(skb, packet);
        var typeOfService = (byte)((packet->TypeOfService & TypeOfServiceMask) | InternetControl);
        Header(packet, words, Parse.Icmp, IPv4Header + message, typeOfService, (ushort)Helpers.GetPrandomU32(), 0);
        words[5] = 0;
        words[6] = 0;
        bytes[IPv4Header] = DestinationUnreachable;
        bytes[IPv4Header + 1] = code;
        // In two parts: before Linux 6.13 bpf_csum_diff takes 512 bytes.
        var rounded = (message + 3) & ~3u;
        var first = rounded > 512 ? 512 : rounded;
        var sum = Helpers.CsumDiff(null, 0, words + 5, first, 0);
        if (rounded > 512) sum = Helpers.CsumDiff(null, 0, words + 5 + 128, rounded - 512, (uint)sum);
        ((ushort*)(words + 5))[1] = Checksums.Fold((ulong)sum);
        return IPv4Header + message;
    }

    /// <summary>Who complains: the address that was asked where it is this host's, else this host's address towards the sender.</summary>
    private static uint SourceBe(SkBuff* skb, Packet* packet)
    {
        if (packet->Hook == Hook.Input) return packet->Source.Word3Be;
        // The sender's own host complains with the sender's address.
        if (packet->Hook == Hook.Output)
            return skb->IfIndex == Maps.Settings.Value->LoopbackIfIndex ? packet->Source.Word3Be : packet->Destination.Word3Be;
        var addressBe = Routing.SourceAddressBe(skb, packet);
        return addressBe != 0 ? addressBe : DummyBe;
    }

    private static void Header(Packet* packet, uint* words, byte protocol, uint length, byte typeOfService, ushort identificationBe, ushort fragment)
    {
        var bytes = (byte*)words;
        var halves = (ushort*)words;
        bytes[0] = 0x45;
        bytes[1] = typeOfService;
        halves[1] = Bits.Swap((ushort)length);
        halves[2] = identificationBe;
        halves[3] = Bits.Swap(fragment);
        bytes[8] = TimeToLive;
        bytes[9] = protocol;
        halves[5] = 0;
        words[3] = packet->Source.Word3Be;
        words[4] = packet->Destination.Word3Be;
        halves[5] = Checksums.Fold((ulong)Helpers.CsumDiff(null, 0, words, IPv4Header, 0));
    }

    /// <summary>Gives the packet the answer's length and bytes, and a link header to be filled in where it has none.</summary>
    private static bool Become(SkBuff* skb, Packet* packet, uint* words, uint length)
    {
        uint network = packet->NetworkOffset;
        if (length > IPv4Header + IcmpHeader + MostQuoted) return false;
        if (Helpers.SkbChangeTail(skb, network + length + Spare, 0) != 0) return false;
        if (Helpers.SkbAdjustRoom(skb, -(int)Spare, RoomMode.Link, 0) != 0) return false;
        if (Helpers.SkbStoreBytes(skb, network, words, length, StoreFlags.RecomputeChecksum) != 0) return false;
        return network != 0 || Helpers.SkbChangeHead(skb, EthernetHeader, 0) == 0;
    }

    private static int Failed()
    {
        Statistics.AnswersFailed();
        return TcAction.Shot;
    }

    /// <summary>A TCP header's sequence and acknowledgement numbers.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Numbers
    {
        public uint SequenceBe;
        public uint AcknowledgementBe;
    }
}
