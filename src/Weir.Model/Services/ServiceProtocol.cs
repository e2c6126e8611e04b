namespace Weir.Model;

/// <summary>Transport protocols that a virtual service can have; the values are IP protocol numbers.</summary>
public enum ServiceProtocol : byte
{
    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}
