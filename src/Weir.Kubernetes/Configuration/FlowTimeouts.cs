namespace Weir.Kubernetes.Configuration;

/// <summary>Times after which connections end that are silent; zero leaves a time as it is.</summary>
/// <param name="TcpEstablished">--conntrack-tcp-timeout-established.</param>
/// <param name="TcpCloseWait">--conntrack-tcp-timeout-close-wait.</param>
/// <param name="Udp">--conntrack-udp-timeout.</param>
/// <param name="UdpStream">--conntrack-udp-timeout-stream.</param>
public readonly record struct FlowTimeouts(TimeSpan TcpEstablished, TimeSpan TcpCloseWait, TimeSpan Udp, TimeSpan UdpStream);
