using System.Runtime.InteropServices;

namespace Weir.DataPath.Image;

/// <summary>-m addrtype.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct AddrTypeMatchCell
{
    [FieldOffset(0)] public MatchKind Kind;
    [FieldOffset(1)] public AddrTypeFlags Flags;

    /// <summary>Bit n is routing type n (enum of RTN_…, linux/rtnetlink.h): 1 unicast, 2 local, 3 broadcast, 4 anycast, 5 multicast, 6 blackhole, …; 0: not asked.</summary>
    [FieldOffset(2)] public ushort SourceTypes;
    [FieldOffset(4)] public ushort DestinationTypes;
}

/// <summary>Flags of an addrtype match (enum of XT_ADDRTYPE_…).</summary>
[Flags]
public enum AddrTypeFlags : byte
{
    None = 0,
    InvertSource = 1 << 0,
    InvertDestination = 1 << 1,
    LimitInInterface = 1 << 2,
    LimitOutInterface = 1 << 3,
}
