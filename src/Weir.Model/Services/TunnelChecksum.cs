namespace Weir.Model;

/// <summary>Checksums of the outer header; the values are Linux's IP_VS_TUNNEL_ENCAP_FLAG_*.</summary>
public enum TunnelChecksum : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A checksum over the packet.</summary>
    Checksum = 1,

    /// <summary>Remote checksum offload (GUE only).</summary>
    RemoteChecksum = 2,
}
