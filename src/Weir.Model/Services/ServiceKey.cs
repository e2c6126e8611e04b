namespace Weir.Model;

/// <summary>What a virtual service is found by: protocol, address and port, or a firewall mark and a family.</summary>
/// <param name="Family">The family of the virtual address, or of the marked packets.</param>
/// <param name="Protocol">The transport protocol; <see cref="ServiceProtocol.Tcp"/> when <paramref name="Mark"/> is set.</param>
/// <param name="Address">The virtual address; default when <paramref name="Mark"/> is set.</param>
/// <param name="Port">The virtual port; 0 stands for every port (persistent services only).</param>
/// <param name="Mark">The firewall mark of the packets, or 0 for a service with an address.</param>
public readonly record struct ServiceKey(AddressFamily Family, ServiceProtocol Protocol, Address Address, ushort Port, uint Mark)
{
    /// <summary>A service with an address.</summary>
    public static ServiceKey Of(ServiceProtocol protocol, Address address, ushort port) =>
        new(address.Family, protocol, address, port, 0);

    /// <summary>A service for marked packets.</summary>
    public static ServiceKey OfMark(uint mark, AddressFamily family = AddressFamily.IPv4) =>
        new(family, ServiceProtocol.Tcp, default, 0, mark);

    /// <summary>Whether the service is found by mark.</summary>
    public bool IsMark => Mark != 0;
}
