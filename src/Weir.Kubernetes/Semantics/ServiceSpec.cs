using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>A Service as far as a proxy cares. Equal when nothing that it cares about differs.</summary>
public sealed record ServiceSpec
{
    public required ObjectName Name { get; init; }

    /// <summary>When it was made; of two that want the same the older one has it.</summary>
    public DateTime Created { get; init; }

    public ValueList<ServicePort> Ports { get; init; }

    /// <summary>Where it is reached by IPv4, or null.</summary>
    public FamilyAddresses? IPv4 { get; init; }

    /// <summary>Where it is reached by IPv6, or null.</summary>
    public FamilyAddresses? IPv6 { get; init; }

    /// <summary>internalTrafficPolicy Local.</summary>
    public bool IsInternalLocal { get; init; }

    /// <summary>externalTrafficPolicy Local of a Service that its type makes reachable from outside.</summary>
    public bool IsExternalLocal { get; init; }

    /// <summary>For how many seconds a client stays with its endpoint, or 0.</summary>
    public uint Affinity { get; init; }

    /// <summary>The health-check node port, or 0.</summary>
    public ushort HealthCheckPort { get; init; }

    /// <summary>The scheduler that the Service itself asks for, or null.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Weights other than 1; port 0 stands for every port of the address.</summary>
    public ValueList<EndpointWeight> Weights { get; init; }

    /// <summary>Where it is reached in a family, or null.</summary>
    public FamilyAddresses? Addresses(AddressFamily family) => family == AddressFamily.IPv4 ? IPv4 : IPv6;
}
