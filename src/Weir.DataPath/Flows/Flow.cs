using System.Runtime.InteropServices;
using Weir.Bpf.Programs;
using Weir.DataPath.Services;

namespace Weir.DataPath.Flows;

/// <summary>A connection: value of <see cref="Maps.Flows"/>, keyed by the tuple of its first packet.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Flow
{
    public Timer Timer;
    public FlowStatus Status;
    public TcpState TcpState;

    /// <summary>IPVS's own state of a service flow.</summary>
    public IpvsState IpvsState;

    /// <summary>TCP: the kind of the last segment and its direction.</summary>
    public byte TcpLast;
    public TcpNotes TcpNotes;

    /// <summary>When it ends, CLOCK_MONOTONIC nanoseconds.</summary>
    public ulong Expires;

    /// <summary>When it began, CLOCK_MONOTONIC nanoseconds.</summary>
    public ulong Created;

    /// <summary>When the timer goes off, CLOCK_MONOTONIC nanoseconds: a packet that brings the end forward sets it again, others only move <see cref="Expires"/>.</summary>
    public ulong Armed;

    /// <summary>What replies look like when they arrive: the original tuple turned round, after translation.</summary>
    public FlowTuple Reply;
    public uint ServiceSlot;
    public uint ServerSlot;

    /// <summary>The service's address as the client asked for it (service flows).</summary>
    public IpAddress Virtual;
    public ushort VirtualPortBe;

    /// <summary>ICMP: the identifier once the destination is translated; translation of the source may change it again.</summary>
    public ushort TranslatedIdBe;

    /// <summary>Connection mark.</summary>
    public uint Mark;

    /// <summary>Connlimit counts that include this flow, see <see cref="ConnLimitMember"/>; 0: none.</summary>
    public uint ConnLimit0;
    public uint ConnLimit1;
    public uint ConnLimit2;

    /// <summary>The template that this flow was made from, where <see cref="IpvsFlowFlags.Controlled"/> is set: its client.</summary>
    public IpAddress TemplateClient;

    /// <summary>The template's mark: that of a service by mark, otherwise 0.</summary>
    public uint TemplateMark;
    public IpvsFlowFlags IpvsFlags;

    /// <summary>The device whose address MASQUERADE took; the flow ends with the address.</summary>
    public uint MasqueradeIfIndex;

    /// <summary>Best effort: not atomic.</summary>
    public ulong OriginalPackets;
    public ulong OriginalBytes;
    public ulong ReplyPackets;
    public ulong ReplyBytes;

    /// <summary>TCP: the highest sequence number, plus one, that each side has sent (0: original, 1: reply).</summary>
    public uint TcpEnd0;
    public uint TcpEnd1;

    /// <summary>TCP: the highest sequence number that each side has acknowledged.</summary>
    public uint TcpAcknowledged0;
    public uint TcpAcknowledged1;

    /// <summary>TCP: the end of the last segment that acknowledged something or was out of place.</summary>
    public uint TcpLastEnd;

    /// <summary>The device by which forwarded packets of each direction (0: original, 1: reply) last came in and got through the stack; 0: none did. See <see cref="PacketFlags.Learnt"/>.</summary>
    public uint InIfIndex0;
    public uint InIfIndex1;

    /// <summary>The second (of 2^30 nanoseconds) in which XDP last left a packet of each direction (0: original, 1: reply) to TC, so that its neighbour is looked after.</summary>
    public ushort StackSecond0;
    public ushort StackSecond1;

    /// <summary>A <see cref="Verdict"/> for each direction.</summary>
    public fixed ulong Verdict0[Verdict.Words];
    public fixed ulong Verdict1[Verdict.Words];
}

/// <summary>Status of a flow; bits 1 to 10 are netfilter's (enum ip_conntrack_status) at the same places.</summary>
[Flags]
public enum FlowStatus : uint
{
    None = 0,
    Expected = 1 << 0,
    SeenReply = 1 << 1,
    Assured = 1 << 2,
    Confirmed = 1 << 3,
    SourceNat = 1 << 4,
    DestinationNat = 1 << 5,
    SourceNatDone = 1 << 7,
    DestinationNatDone = 1 << 8,
    Dying = 1 << 9,
    FixedTimeout = 1 << 10,

    /// <summary>Belongs to a virtual service.</summary>
    Service = 1 << 16,

    /// <summary>Translated at the socket: packets already carry the server's address.</summary>
    Socket = 1 << 17,

    /// <summary>Began at this host (OUTPUT).</summary>
    Local = 1 << 18,

    /// <summary>UDP: both directions seen for longer than the stream threshold.</summary>
    Stream = 1 << 19,

    /// <summary>The reply tuple is in <see cref="Maps.Replies"/>.</summary>
    ReplyKnown = 1 << 20,

    /// <summary>Packets in the original direction are for this host (INPUT).</summary>
    LocalIn = 1 << 21,

    /// <summary>Made on this host for an address of this host, then translated to a remote one: replies come in through the loopback device.</summary>
    ViaLoopback = 1 << 22,

    /// <summary>A rule translated the destination to the virtual address: the INPUT chains see that one.</summary>
    VirtualNat = 1 << 23,

    /// <summary>The service asks for an address of this host as source, see <see cref="Nat.Setup.Masquerade"/>.</summary>
    Masquerade = 1 << 28,

    /// <summary>4 bits from <see cref="FlowTuple.WayShift"/> on: which of those that look the same after PREROUTING this one is.</summary>
    Way = 15 << FlowTuple.WayShift,

    /// <summary>The original direction as it looks once its destination is translated is in <see cref="Maps.Replies"/> too.</summary>
    TranslatedKnown = 1 << 29,
}

/// <summary>What else is known of a TCP connection.</summary>
[Flags]
public enum TcpNotes : byte
{
    None = 0,
    OriginalSeen = 1 << 0,
    ReplySeen = 1 << 1,
    OriginalAcknowledged = 1 << 2,
    ReplyAcknowledged = 1 << 3,

    /// <summary>By a FIN, while it was open.</summary>
    Closed = 1 << 4,
    SimultaneousOpen = 1 << 5,

    /// <summary>A SYN came in LAST_ACK: an acknowledgement may be a challenge.</summary>
    ChallengeExpected = 1 << 6,
}

/// <summary>Netfilter's TCP states (enum tcp_conntrack), same numbers.</summary>
public enum TcpState : byte
{
    None = 0,
    SynSent = 1,
    SynReceived = 2,
    Established = 3,
    FinWait = 4,
    CloseWait = 5,
    LastAck = 6,
    TimeWait = 7,
    Close = 8,
    SynSent2 = 9,
}

/// <summary>What ctstate sees of a packet.</summary>
public enum TrackState : byte
{
    /// <summary>Not looked up (yet).</summary>
    None = 0,
    Invalid = 1,
    New = 2,
    Established = 3,
    Related = 4,
    Untracked = 5,
}

/// <summary>A flow's place in a connlimit count: <c>state slot | prefix length &lt;&lt; 16 | side &lt;&lt; 24 | 1 &lt;&lt; 31</c>.</summary>
public static class ConnLimitMember
{
    public const int PrefixShift = 16;
    public const int SideShift = 24;
    public const uint Present = 1u << 31;

    /// <summary>Sides: whose address is counted.</summary>
    public const uint OriginalSource = 0;
    public const uint OriginalDestination = 1;
    public const uint ReplySource = 2;
    public const uint ReplyDestination = 3;
}
