using System.Runtime.InteropServices;
using Weir.Bpf.Programs;

namespace Weir.DataPath;

/// <summary>
/// The Ethernet header that a packet came in with. Routing puts another one in its place and leaves no room to carry it, so it is kept by what does not
/// change on the way; where another packet of the same hash came in between, it is lost. 24 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct LinkHeader
{
    public const uint Count = 1024;
    public const uint Size = 14;

    /// <summary>Tells the packet.</summary>
    public ulong Key;

    public fixed byte Bytes[16];

    /// <summary>At ingress: keeps the header of a packet that is to be forwarded, its destination translated already.</summary>
    [Subprogram(Global = true)]
    public static int Remember(SkBuff* skb, Packet* packet)
    {
        if (packet == null || packet->NetworkOffset < Size) return 0;
        var key = KeyOf(packet, packet->InIfIndex);
        var header = Maps.LinkHeaders.At((uint)key % Count);
        if (header == null) return 0;
        header->Key = Helpers.SkbLoadBytes(skb, packet->NetworkOffset - Size, header->Bytes, Size) == 0 ? key : 0;
        return 0;
    }

    /// <summary>At egress: the header of a forwarded packet, or null.</summary>
    public static LinkHeader* Find(Packet* packet, uint inIfIndex)
    {
        var key = KeyOf(packet, inIfIndex);
        var header = Maps.LinkHeaders.At((uint)key % Count);
        return header != null && header->Key == key ? header : null;
    }

    private static ulong KeyOf(Packet* packet, uint inIfIndex)
    {
        var ends = (ulong)packet->Source.Word3Be << 32 | packet->Destination.Word3Be;
        var rest = (ulong)inIfIndex << 48 ^ (ulong)packet->IdentificationBe << 32 ^ (ulong)packet->SourcePortBe << 16 ^ packet->DestinationPortBe ^
            (ulong)packet->Length << 24 ^ packet->Protocol;
        var key = (ends ^ rest * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
        return (key ^ key >> 32) | 1;
    }
}
