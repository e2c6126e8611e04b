using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath;

/// <summary>The Internet checksum (RFC 1071).</summary>
public static unsafe class Checksums
{
    /// <summary>Bytes that are added up at once: the most that bpf_csum_diff takes before Linux 6.13.</summary>
    private const uint Chunk = 512;

    /// <summary>More than the longest packet has.</summary>
    private const uint MostChunks = 65536 / Chunk + 1;

    private const ulong QueryLevel = 0;

    private const byte Gre = 47;
    private const byte Esp = 50;
    private const byte Ah = 51;

    /// <summary>The checksum of what adds up to this, in memory order.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>Whether the checksum of an IPv4 header of 20 bytes is right.</summary>
    public static bool IsHeaderRight(byte* ip)
    {
        var words = (uint*)ip;
        return Fold((ulong)words[0] + words[1] + words[2] + words[3] + words[4]) == 0;
    }

    /// <summary>What the pseudo-header's protocol and length add to a sum, in memory order.</summary>
    public static uint PseudoHeader(byte protocol, uint length) => (uint)Bits.Swap((ushort)protocol) + Bits.Swap((ushort)length);

    /// <summary>
    /// Whether a packet that came in carries a wrong checksum behind its IP header, as netfilter asks before it answers one (nf_reject_verify_csum):
    /// protocols with checksums of other kinds are not looked at.
    /// </summary>
    /// <returns>1: wrong. 0: right, absent, or vouched for by the device or by the sender on the same machine.</returns>
    [Subprogram(Global = true)]
    public static int IsWrong(SkBuff* skb, Packet* packet)
    {
        if (packet == null) return 1;
        if ((packet->Flags & (PacketFlags.Local | PacketFlags.Fragment)) != 0 || skb->GsoSize != 0) return 0;
        if (Helpers.CsumLevel(skb, QueryLevel) >= 0) return 0;
        uint transport = packet->TransportOffset;
        Progress progress = default;
        progress.Skb = skb;
        progress.Offset = transport;
        progress.Left = packet->Length - packet->HeaderLength;
        ushort field = 0;
        var isIPv6 = (packet->Flags & PacketFlags.IPv6) != 0;
        var addresses = isIPv6 ? SumOf(&packet->Source) + SumOf(&packet->Destination) : (ulong)packet->Source.Word3Be + packet->Destination.Word3Be;
        switch (packet->Protocol)
        {
            case Parse.Icmp:
                if (isIPv6) progress.Sum = addresses + PseudoHeader(Parse.Icmp6, progress.Left);
                break;
            case Parse.Tcp:
            case Parse.Udp:
                if (Helpers.SkbLoadBytes(skb, transport + (packet->Protocol == Parse.Tcp ? 16u : 6), &field, 2) != 0) return 1;
                if (packet->Protocol == Parse.Udp && field == 0) return 0;
                progress.Sum = addresses + PseudoHeader(packet->Protocol, progress.Left);
                // A sender on this machine leaves the rest to the device: the field holds the pseudo-header's sum.
                if (Fold(progress.Sum) == (ushort)~field) return 0;
                break;
            case Gre:
                if (Helpers.SkbLoadBytes(skb, transport, &field, 2) != 0) return 1;
                // The first bit says that there is a checksum.
                if ((Bits.Swap(field) & 0x8000) == 0) return 0;
                break;
            case Esp:
            case Ah:
            case Parse.Sctp:
            case Parse.UdpLite:
            case Parse.Dccp:
                return 0;
        }
        delegate*<uint, Progress*, long> step = &Add;
        Helpers.Loop(MostChunks, (delegate*<uint, void*, long>)step, &progress, 0);
        return progress.Failed != 0 || Fold(progress.Sum) != 0 ? 1 : 0;
    }

    private static ulong SumOf(IpAddress* address) => (ulong)address->Word0Be + address->Word1Be + address->Word2Be + address->Word3Be;

    private static long Add(uint index, Progress* progress)
    {
        var scratch = Maps.Scratches.At(0);
        if (scratch == null) return 1;
        if (progress->Left == 0) return 1;
        // Linux 6.1 learns the least length from this form only.
        var last = progress->Left - 1;
        if (last >= Chunk) last = Chunk - 1;
        var length = last + 1;
        var bytes = scratch->Answer;
        if (Helpers.SkbLoadBytes(progress->Skb, progress->Offset, bytes, length) != 0)
        {
            progress->Failed = 1;
            return 1;
        }
        bytes[length] = 0;
        bytes[length + 1] = 0;
        bytes[length + 2] = 0;
        progress->Sum += (ulong)Helpers.CsumDiff(null, 0, (uint*)bytes, (length + 3) & ~3u, 0);
        progress->Offset += length;
        progress->Left -= length;
        return 0;
    }

    /// <summary>How far a packet has been added up.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Progress
    {
        public SkBuff* Skb;
        public ulong Sum;
        public uint Offset;
        public uint Left;
        public uint Failed;
        public uint Reserved0;
    }
}
