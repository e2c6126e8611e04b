using System.Collections.Immutable;
using Weir.Model;

namespace Weir.Iptables.Names;

/// <summary>
/// Names of hosts, services and protocols, which the original takes from the C library (/etc/services, /etc/protocols, /etc/hosts, DNS).
/// The program injects it, so that the syntax itself opens nothing.
/// </summary>
public interface INames
{
    /// <summary>The port of a service, of any protocol if <paramref name="protocol"/> is null; null when unknown.</summary>
    ushort? PortOf(string service, string? protocol);

    /// <summary>The name of a port; null when unknown.</summary>
    string? ServiceOf(ushort port, string? protocol);

    /// <summary>The number of an IP protocol; null when unknown.</summary>
    byte? ProtocolOf(string name);

    /// <summary>The name of an IP protocol; null when unknown.</summary>
    string? ProtocolName(byte protocol);

    /// <summary>The addresses of a host or network name; empty when unknown.</summary>
    ImmutableArray<Address> AddressesOf(string name, AddressFamily family);

    /// <summary>The name of an address (listings without -n); null when unknown.</summary>
    string? HostOf(Address address);
}
