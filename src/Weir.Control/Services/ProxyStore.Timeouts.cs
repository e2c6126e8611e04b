using Weir.DataPath;
using Weir.DataPath.Flows;

namespace Weir.Control.Services;

/// <summary>The times after which silent connections end, which a Service proxy sets for the node.</summary>
public sealed partial class ProxyStore
{
    /// <summary>Sets times of the connection table; zero leaves one as it is. They act on the next packet of a flow.</summary>
    /// <param name="tcpEstablished">Seconds for established TCP connections (nf_conntrack_tcp_timeout_established).</param>
    /// <param name="tcpCloseWait">Seconds for TCP connections that one side has closed (nf_conntrack_tcp_timeout_close_wait).</param>
    /// <param name="udp">Seconds for datagrams without an answer (nf_conntrack_udp_timeout).</param>
    /// <param name="udpStream">Seconds for datagrams both ways (nf_conntrack_udp_timeout_stream).</param>
    public unsafe void SetFlowTimeouts(uint tcpEstablished, uint tcpCloseWait, uint udp, uint udpStream)
    {
        using var session = new ServiceSession(folder);
        var (instance, _) = session.TryOpen(makes: true, refreshes: false)!.Value;
        var map = instance.Map(nameof(Maps.Timeouts)).AsArray<TimeoutSettings>();
        var settings = map[0];
        if (tcpEstablished != 0) settings.Tcp[(int)TcpState.Established] = tcpEstablished;
        if (tcpCloseWait != 0) settings.Tcp[(int)TcpState.CloseWait] = tcpCloseWait;
        if (udp != 0) settings.Udp = udp;
        if (udpStream != 0) settings.UdpStream = udpStream;
        map[0] = settings;
    }
}
