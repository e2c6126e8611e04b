using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Names of hosts and services: what /etc/hosts, /etc/services and DNS know. Every answer may be null.</summary>
public interface INameResolver
{
    /// <summary>The IPv4 address of a host (ipvsadm resolves names to IPv4 only).</summary>
    Address? FindHost(string name);

    /// <summary>The name of a host, for listings without -n.</summary>
    string? FindHostName(Address address);

    /// <summary>The port of a service; <paramref name="protocol"/> is "tcp" or "udp".</summary>
    ushort? FindPort(string service, string protocol);

    /// <summary>The name of a port; <paramref name="protocol"/> is "tcp" or "udp".</summary>
    string? FindService(ushort port, string protocol);
}
