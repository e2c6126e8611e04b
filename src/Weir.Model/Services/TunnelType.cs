namespace Weir.Model;

/// <summary>Encapsulations of <see cref="ForwardingMethod.Tunnel"/>; the values are Linux's IP_VS_CONN_F_TUNNEL_TYPE_*.</summary>
public enum TunnelType : byte
{
    /// <summary>IP in IP.</summary>
    Ipip = 0,

    /// <summary>Generic UDP encapsulation.</summary>
    Gue = 1,

    /// <summary>Generic routing encapsulation.</summary>
    Gre = 2,
}
