using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>One direction of a flow: key of the flow tables. 40 bytes; padding is zero.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlowTuple
{
    /// <summary><see cref="Side"/> of the original direction as it looks after its destination was translated: how egress finds the flow.</summary>
    public const byte Translated = 1;

    public IpAddress Source;
    public IpAddress Destination;

    /// <summary>Source port; for ICMP queries the identifier.</summary>
    public ushort SourcePortBe;

    /// <summary>Destination port; for ICMP queries type (first byte in memory) and code.</summary>
    public ushort DestinationPortBe;
    public byte Protocol;

    /// <summary>0, except for keys of <see cref="Maps.Replies"/> that are not replies: see <see cref="Translated"/>.</summary>
    public byte Side;
    public ushort Zero0;
}
