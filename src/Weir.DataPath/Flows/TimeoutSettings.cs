using System.Runtime.InteropServices;

namespace Weir.DataPath.Flows;

/// <summary>Time-outs in seconds (net.netfilter.nf_conntrack_…_timeout…), adjustable while running: the value of <see cref="Maps.Timeouts"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct TimeoutSettings
{
    /// <summary>By <see cref="TcpState"/>: none, 120, 60, 432000, 120, 60, 30, 120, 10, 120.</summary>
    public fixed uint Tcp[10];

    /// <summary>300: after unacknowledged data was seen out of order, and for connections picked up in the middle.</summary>
    public uint TcpUnacknowledged;

    /// <summary>300.</summary>
    public uint TcpRetransmitted;

    /// <summary>30.</summary>
    public uint Udp;

    /// <summary>120.</summary>
    public uint UdpStream;

    /// <summary>30.</summary>
    public uint Icmp;

    /// <summary>600.</summary>
    public uint Generic;

    /// <summary>ipvsadm --set: 900, 120, 300.</summary>
    public uint IpvsTcp;
    public uint IpvsTcpFin;
    public uint IpvsUdp;
    public uint Reserved0;
}
