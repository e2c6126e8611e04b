using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>What the first fragment told about the others. 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FragmentPorts
{
    /// <summary>When it was seen, CLOCK_MONOTONIC nanoseconds: an entry is good for 30 seconds (net.ipv4.ipfrag_time).</summary>
    public ulong Seen;
    public ushort SourcePortBe;
    public ushort DestinationPortBe;

    /// <summary>ICMP: the type; TCP: the flags.</summary>
    public byte TypeOrFlags;
    public byte IcmpCode;
    public ushort IcmpIdBe;
}
