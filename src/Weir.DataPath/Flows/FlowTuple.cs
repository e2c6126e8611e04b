using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>One direction of a flow: key of the flow tables. 40 bytes; padding is zero.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlowTuple
{
    /// <summary><see cref="Side"/> of the original direction as it looks after its destination was translated: how egress finds the flow.</summary>
    public const byte Translated = 1;

    /// <summary>
    /// Flows that may look the same once their destinations are translated (one client, one port, through several addresses to one server), until their
    /// sources are: <see cref="Side"/> is then up to <c>Translated + Ways - 1</c>.
    /// </summary>
    public const uint Ways = 16;

    /// <summary>Where a flow's <see cref="FlowStatus.Way"/> is in its status.</summary>
    public const int WayShift = 24;

    public IpAddress Source;
    public IpAddress Destination;

    /// <summary>Source port; for ICMP queries the identifier.</summary>
    public ushort SourcePortBe;

    /// <summary>Destination port; for ICMP queries type (first byte in memory) and code.</summary>
    public ushort DestinationPortBe;
    public byte Protocol;

    /// <summary>0, except for keys of <see cref="Maps.Replies"/> that are not replies: see <see cref="Translated"/>.</summary>
    public byte Side;

    /// <summary>
    /// Always 0, which the verifier does not know of memory that a global sub-program is given. Whatever a <c>bpf_loop</c> call-back changes in its context
    /// must start from such a value: verifiers before Linux 6.7 follow the call-back once, take what they know at its first run for what always holds, and
    /// remove the branches that its first run cannot take.
    /// </summary>
    public ushort Zero0;
}
