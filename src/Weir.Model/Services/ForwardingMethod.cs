namespace Weir.Model;

/// <summary>How packets reach a real server; the values are Linux's IP_VS_CONN_F_* (linux/ip_vs.h).</summary>
public enum ForwardingMethod : byte
{
    /// <summary>Network address translation.</summary>
    Masquerade = 0,

    /// <summary>The server is this host. Never configured: what the others mean for a local address.</summary>
    Local = 1,

    /// <summary>Encapsulation.</summary>
    Tunnel = 2,

    /// <summary>Direct routing: the packet is sent on unchanged to the server's link address.</summary>
    Route = 3,
}
