namespace Weir.Model;

/// <summary>The internet protocol version of an <see cref="Address"/>; the values are Linux's AF_INET and AF_INET6.</summary>
public enum AddressFamily : byte
{
    /// <summary>AF_INET.</summary>
    IPv4 = 2,

    /// <summary>AF_INET6.</summary>
    IPv6 = 10,
}
