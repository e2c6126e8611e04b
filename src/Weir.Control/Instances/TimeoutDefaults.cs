using Weir.DataPath.Flows;

namespace Weir.Control.Instances;

/// <summary>The time-outs of a new instance: netfilter's (nf_conntrack_proto_tcp.c, …_udp.c, …_icmp.c, …_generic.c) and ip_vs's.</summary>
internal static class TimeoutDefaults
{
    public static unsafe TimeoutSettings Value
    {
        get
        {
            var settings = new TimeoutSettings
            {
                TcpUnacknowledged = 300,
                TcpRetransmitted = 300,
                Udp = 30,
                UdpStream = 120,
                Icmp = 30,
                Generic = 600,
                IpvsTcp = 900,
                IpvsTcpFin = 120,
                IpvsUdp = 300,
            };
            ReadOnlySpan<uint> tcp = [0, 120, 60, 432000, 120, 60, 30, 120, 10, 120];
            tcp.CopyTo(new Span<uint>(settings.Tcp, 10));
            return settings;
        }
    }
}
