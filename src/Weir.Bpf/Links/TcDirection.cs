namespace Weir.Bpf.Links;

/// <summary>Which way packets go through a device.</summary>
public enum TcDirection
{
    /// <summary>From the device into this host.</summary>
    Ingress,
    /// <summary>From this host out of the device.</summary>
    Egress,
}
