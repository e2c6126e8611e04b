using Weir.Bpf.Programs;
using Weir.DataPath.Image;

namespace Weir.DataPath.Rules;

/// <summary>The LOG target.</summary>
public static unsafe class Log
{
    /// <summary>What a packet's start is copied to: an IP header with all options and a TCP header with all options fit.</summary>
    private const uint MostData = 144;

    /// <summary>Puts the packet into <see cref="Maps.LogEvents"/>; <paramref name="cell"/> is the <see cref="LogTargetCell"/> in the packet's image.</summary>
    /// <returns>0.</returns>
    [Subprogram(Global = true)]
    public static int Write(SkBuff* skb, Packet* packet, uint cell)
    {
        if (packet == null) return 0;
        var image = Maps.Images.At(packet->ImageSlot);
        if (image == null) return 0;
        var target = (LogTargetCell*)image.At(cell);
        if (target == null) return 0;
        var log = (LogEvent*)Maps.LogEvents.Reserve((ulong)sizeof(LogEvent), 0);
        if (log == null)
        {
            Statistics.LogsLost();
            return 0;
        }
        log->Time = Helpers.KtimeGetNs();
        // Rules in POSTROUTING know no input device, but LOG shows it.
        log->InIfIndex = packet->Hook == Hook.Postrouting && (packet->Flags & PacketFlags.Local) == 0 ? skb->IngressIfIndex : packet->InIfIndex;
        log->OutIfIndex = packet->OutIfIndex;
        log->Mark = packet->Mark;
        log->Length = packet->Length;
        log->Level = target->Level;
        log->Flags = target->Flags;
        log->Hook = packet->Hook;
        log->PrefixWords[0] = target->PrefixWords[0];
        log->PrefixWords[1] = target->PrefixWords[1];
        log->PrefixWords[2] = target->PrefixWords[2];
        // A prefix has at most 29 bytes.
        log->PrefixWords[3] = target->PrefixWords[3] & 0x0000ffff_ffffffff;
        log->Uid = uint.MaxValue;
        log->Gid = uint.MaxValue;
        log->MacLength = 0;
        log->DataLength = 0;
        log->Reserved0 = 0;
        AddLinkHeader(skb, packet, log);
        // What comes in may still carry the socket of its sender, in another namespace.
        if ((target->Flags & LogFlags.Uid) != 0 && (packet->Flags & (PacketFlags.Local | PacketFlags.Answer)) == PacketFlags.Local)
            SocketOwner.Find(skb, &target->Owner, log);
        var length = packet->Length;
        if (length > MostData) length = MostData;
        // Linux 6.1 refuses a length that it cannot tell from 0 by this comparison, and an IP header has 20 bytes.
        if (length >= 20 && Helpers.SkbLoadBytes(skb, packet->NetworkOffset, log->Data, length) == 0) log->DataLength = (ushort)length;
        RingBuffer.Submit(log, 0);
        return 0;
    }

    /// <summary>The link header that the packet came in with, where there is an input device.</summary>
    private static void AddLinkHeader(SkBuff* skb, Packet* packet, LogEvent* log)
    {
        uint network = packet->NetworkOffset;
        if (packet->Hook is Hook.Prerouting or Hook.Input)
        {
            if (network >= LinkHeader.Size && Helpers.SkbLoadBytes(skb, network - LinkHeader.Size, log->Mac, LinkHeader.Size) == 0)
                log->MacLength = (byte)LinkHeader.Size;
        }
        else if (log->InIfIndex != 0)
        {
            var header = LinkHeader.Find(packet, log->InIfIndex);
            if (header == null) return;
            var from = (ulong*)header->Bytes;
            var to = (ulong*)log->Mac;
            to[0] = from[0];
            to[1] = from[1];
            log->MacLength = (byte)LinkHeader.Size;
        }
    }
}
