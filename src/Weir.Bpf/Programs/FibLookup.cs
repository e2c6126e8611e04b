using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>Parameters and answer of a routing look-up: struct bpf_fib_lookup (include/uapi/linux/bpf.h), 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public unsafe struct FibLookup
{
    [FieldOffset(0)] public byte Family;
    [FieldOffset(1)] public byte Protocol;
    [FieldOffset(2)] public ushort SourcePortBe;
    [FieldOffset(4)] public ushort DestinationPortBe;

    /// <summary>In: the packet's length, for the MTU check (0: none). Out: the MTU.</summary>
    [FieldOffset(6)] public ushort TotalLength;
    [FieldOffset(8)] public uint IfIndex;
    [FieldOffset(12)] public byte TypeOfService;

    /// <summary>IPv6: traffic class and flow label.</summary>
    [FieldOffset(12)] public uint FlowInfoBe;
    [FieldOffset(16)] public uint SourceBe;

    /// <summary>IPv6: the words of the source.</summary>
    [FieldOffset(16)] public fixed uint SourceWordsBe[4];
    [FieldOffset(32)] public uint DestinationBe;

    /// <summary>IPv6: the words of the destination; in the answer those of the next hop.</summary>
    [FieldOffset(32)] public fixed uint DestinationWordsBe[4];
    [FieldOffset(48)] public uint Mark;
    [FieldOffset(52)] public fixed byte SourceMac[6];
    [FieldOffset(58)] public fixed byte DestinationMac[6];
}

/// <summary>Flags of the routing look-up (BPF_FIB_LOOKUP_…).</summary>
[Flags]
public enum FibLookupFlags : uint
{
    None = 0,
    Direct = 1 << 0,
    Output = 1 << 1,
    SkipNeighbour = 1 << 2,
    TableId = 1 << 3,

    /// <summary>Sets the source address (Linux 6.7).</summary>
    Source = 1 << 4,
    Mark = 1 << 5,
}

/// <summary>Answers of the routing look-up (BPF_FIB_LKUP_RET_…).</summary>
public enum FibLookupResult : long
{
    Success = 0,
    Blackhole = 1,
    Unreachable = 2,
    Prohibit = 3,

    /// <summary>The packet is not forwarded: it is for this host (or broadcast, or multicast).</summary>
    NotForwarded = 4,
    ForwardingDisabled = 5,
    UnsupportedLightweightTunnel = 6,
    NoNeighbour = 7,
    FragmentationNeeded = 8,
    NoSourceAddress = 9,
}
