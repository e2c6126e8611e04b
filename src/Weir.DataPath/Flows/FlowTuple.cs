using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>One direction of a flow: key of the flow tables. 40 bytes; padding is zero.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlowTuple
{
    public IpAddress Source;
    public IpAddress Destination;

    /// <summary>Source port; for ICMP queries the identifier.</summary>
    public ushort SourcePortBe;

    /// <summary>Destination port; for ICMP queries type (first byte in memory) and code.</summary>
    public ushort DestinationPortBe;
    public byte Protocol;
    public byte Zero0;
    public ushort Zero1;
}
