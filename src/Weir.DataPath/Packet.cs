using System.Runtime.InteropServices;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.DataPath;

/// <summary>
/// What the stages know about a packet: parsed once, kept on the entry point's stack, passed by pointer. Addresses and ports follow translation, so
/// that rules see what they would see in netfilter. 136 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct Packet
{
    public IpAddress Source;
    public IpAddress Destination;

    /// <summary>The key in <see cref="Maps.Flows"/> of the packet's flow: the tuple of the flow's first packet as it arrived.</summary>
    public FlowTuple Original;

    /// <summary>TCP, UDP (also from an earlier fragment); otherwise 0.</summary>
    public ushort SourcePortBe;
    public ushort DestinationPortBe;

    /// <summary>
    /// The protocol of the transport header (IPPROTO_…). ICMPv6 is held as ICMP, and <see cref="IcmpType"/> as the type of ICMP that says the same: whatever follows flows needs
    /// no second case.
    /// </summary>
    public byte Protocol;

    /// <summary>Byte 13 of the TCP header; SCTP: the type of the first chunk.</summary>
    public byte TcpFlags;
    public byte IcmpType;
    public byte IcmpCode;

    /// <summary>Byte offset of the IP header in the packet.</summary>
    public ushort NetworkOffset;

    /// <summary>Byte offset of the transport header in the packet.</summary>
    public ushort TransportOffset;

    /// <summary>The packet's mark, written back to the skb when it changes.</summary>
    public uint Mark;

    /// <summary>The device it came in by; 0 for what this host sends.</summary>
    public uint InIfIndex;

    /// <summary>The device it leaves by; 0 where that is not known yet.</summary>
    public uint OutIfIndex;

    /// <summary>Bytes from the IP header on: what counters count.</summary>
    public uint Length;

    /// <summary>Fragment offset in bytes.</summary>
    public ushort FragmentOffset;

    /// <summary>The identifier of an ICMP query, otherwise 0.</summary>
    public ushort IcmpIdBe;
    public PacketFlags Flags;
    public TrackState State;

    /// <summary>0: the flow's original direction, 1: its reply direction.</summary>
    public byte Direction;

    /// <summary>Where the packet is; set before each walk.</summary>
    public Hook Hook;

    /// <summary>The image that this packet is judged by: slot in <see cref="Maps.Images"/>.</summary>
    public byte ImageSlot;

    /// <summary>The flow's status when it was looked up.</summary>
    public FlowStatus FlowStatus;

    /// <summary>What the image asks for, see <see cref="ActiveImage"/>.</summary>
    public uint Active;

    /// <summary>Bytes from the IP header to the transport header: IPv4 20 to 60, IPv6 40 and its extension headers.</summary>
    public byte HeaderLength;
    public byte TypeOfService;
    public byte TimeToLive;

    /// <summary>The count of changes (<see cref="ActiveImage.GenerationShift"/>) when the image was chosen, its low byte.</summary>
    public byte Generation;

    /// <summary>The transport header's length as the header says (TCP), otherwise its fixed size; 0 for a later fragment.</summary>
    public ushort TransportLength;
    public ushort TranslatedPortBe;

    /// <summary>IPv4: what the flow's translation makes of the original direction's destination, as of its look-up (not of a flow that this packet makes).</summary>
    public uint TranslatedBe;

    /// <summary>Identification of fragments (IPv4: in the low half).</summary>
    public uint IdentificationBe;
}

/// <summary>Facts about a packet.</summary>
[Flags]
public enum PacketFlags : uint
{
    None = 0,

    /// <summary>A fragment (first or later).</summary>
    Fragment = 1 << 0,

    /// <summary>A fragment without the transport header.</summary>
    LaterFragment = 1 << 1,

    /// <summary>The ports (or ICMP type and code) are known.</summary>
    HasTransport = 1 << 2,

    /// <summary>The IP header is good, but the transport header is cut off or wrong: such a packet is INVALID.</summary>
    BadTransport = 1 << 3,

    /// <summary>An ICMP error.</summary>
    IcmpError = 1 << 4,

    /// <summary>The flow was made by this packet and is still in <see cref="Scratch.Pending"/>.</summary>
    NewFlow = 1 << 5,

    /// <summary>Made on this host.</summary>
    Local = 1 << 6,

    /// <summary>The destination is not IPv4 unicast.</summary>
    Multicast = 1 << 7,

    /// <summary>The device has no link header.</summary>
    Raw = 1 << 8,

    /// <summary>The mark must be written back to the skb.</summary>
    MarkChanged = 1 << 9,

    /// <summary>REJECT made it: it belongs to the flow of the packet that it answers, which may be gone.</summary>
    Answer = 1 << 11,

    /// <summary>On the loopback device: this namespace's egress program has tracked and translated it.</summary>
    Seen = 1 << 10,

    /// <summary>Redirected to where it goes on: its flow stays.</summary>
    Sent = 1 << 12,

    /// <summary>Its virtual service has counted it and moved its flow on.</summary>
    Passed = 1 << 13,

    /// <summary>
    /// A packet of its flow that came in by the same device got through the stack, so the checks there (rp_filter, IPsec policies, other filters) let such
    /// packets through: this one may leave at once.
    /// </summary>
    Learnt = 1 << 14,

    /// <summary>Its flow remembers what the chains on the way out make of it.</summary>
    Remembered = 1 << 15,

    /// <summary>Rules asked for what may differ from packet to packet of its flow.</summary>
    Varies = 1 << 16,

    /// <summary>IPv6: it meets no rules, and <see cref="Parse.IPv6"/> read it.</summary>
    IPv6 = 1 << 17,

    /// <summary>Its flow is to be told that it came through the stack (<see cref="Learnt"/>).</summary>
    Learns = 1 << 18,

    /// <summary>Its virtual service has a server, and whether that is this host is not known yet.</summary>
    Undecided = 1 << 19,

    /// <summary>The reply tuple of the flow that it makes was found to be like no other flow's first packet.</summary>
    Unlike = 1 << 20,

    /// <summary>Egress does not find the flow that ingress found or made for it.</summary>
    Stray = 1 << 21,
}

/// <summary>The place of a packet on its way: netfilter's hooks, with the same numbers (enum nf_inet_hooks).</summary>
public enum Hook : byte
{
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}
