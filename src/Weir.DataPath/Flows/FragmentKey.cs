using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>What the fragments of one datagram share (RFC 791): key of <see cref="Maps.Fragments"/>. 40 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FragmentKey
{
    public IpAddress Source;
    public IpAddress Destination;

    /// <summary>Identification (IPv4: in the low half).</summary>
    public uint IdentificationBe;
    public byte Protocol;

    /// <summary>0: seen at ingress, 1: at egress (addresses may differ).</summary>
    public byte Side;
    public ushort Zero0;
}
