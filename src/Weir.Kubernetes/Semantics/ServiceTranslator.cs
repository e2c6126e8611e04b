using System.Collections.Immutable;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Semantics;

/// <summary>
/// From a Service and its endpoint slices to the virtual services of a node. Traffic policies mean what they mean in kube-proxy's nftables and iptables
/// modes: a Local policy without an endpoint here drops (its ipvs mode would use the endpoints of other nodes).
/// </summary>
/// <param name="node">This node.</param>
/// <param name="scheduler">The scheduler of Services that ask for none.</param>
/// <param name="clusterTranslation">Whose source is translated on the way to a cluster address.</param>
public sealed class ServiceTranslator(NodeView node, string scheduler, SourceTranslation clusterTranslation)
{
    /// <summary>Translates one Service.</summary>
    public Translation Translate(ServiceSpec service, IReadOnlyCollection<SliceSpec> slices)
    {
        var frontends = new List<Frontend>(service.Ports.Count);
        var ipv4 = TranslateFamily(service, AddressFamily.IPv4, slices, frontends);
        var ipv6 = TranslateFamily(service, AddressFamily.IPv6, slices, frontends);
        return new Translation
        {
            Frontends = frontends,
            LocalReady = (ipv4.LocalReady, ipv6.LocalReady),
            NoLocalIPv4 = (ipv4.NoInternal, ipv4.NoExternal),
            NoLocalIPv6 = (ipv6.NoInternal, ipv6.NoExternal),
        };
    }

    private (int LocalReady, int NoInternal, int NoExternal) TranslateFamily(
        ServiceSpec service, AddressFamily family, IReadOnlyCollection<SliceSpec> slices, List<Frontend> frontends)
    {
        if (service.Addresses(family) is not { } addresses) return default;
        var localReady = new HashSet<Address>();
        int noInternal = 0, noExternal = 0;
        foreach (var port in service.Ports)
        {
            var endpoints = PortEndpoints.Of(port.Name, family, slices, node.Name);
            var isExternal = port.NodePort != 0 || addresses.LoadBalancer.Count > 0 || addresses.External.Count > 0;
            var usesCluster = !service.IsInternalLocal || isExternal;
            var usesLocal = service.IsInternalLocal || (service.IsExternalLocal && isExternal);
            var choice = EndpointChoice.Of(endpoints, usesCluster, usesLocal, node.Name, node.Zone);
            AddFrontends(new PortContext(service, addresses, port, choice, isExternal), frontends);

            if (usesLocal && choice.HasAny && choice.Local.Count == 0)
            {
                if (service.IsInternalLocal) noInternal++;
                if (service.IsExternalLocal) noExternal++;
            }
            if (service.HealthCheckPort == 0) continue;
            foreach (var endpoint in endpoints)
            {
                if (endpoint.IsLocal && endpoint.Endpoint.IsReady) localReady.Add(endpoint.Endpoint.Address);
            }
        }
        return (localReady.Count, noInternal, noExternal);
    }

    private void AddFrontends(PortContext context, List<Frontend> frontends)
    {
        var (service, addresses, port, choice, isExternal) = context;
        var cluster = Servers(service, choice.Cluster);
        var local = Servers(service, choice.Local);
        var noServer = choice.HasAny ? NoServerAction.Drop : NoServerAction.Reject;

        var inside = new ProxiedService
        {
            Service = Virtual(service, port.Name.Protocol, addresses.Cluster, port.Port),
            Servers = service.IsInternalLocal ? local : cluster,
            Masquerade = clusterTranslation,
            NoServer = noServer,
        };
        frontends.Add(new Frontend(FrontendKind.Cluster, inside));
        if (!isExternal) return;

        // What a pod of this node sends to a service from outside never left the cluster: it may go to any endpoint, and so may what the node itself sends.
        var outside = inside with
        {
            Servers = service.IsExternalLocal ? local : cluster,
            NearServers = service.IsExternalLocal && cluster != local ? cluster : null,
            Masquerade = service.IsExternalLocal ? SourceTranslation.Node : SourceTranslation.All,
        };
        foreach (var address in addresses.External) Add(FrontendKind.External, address, port.Port, []);
        foreach (var address in addresses.LoadBalancer) Add(FrontendKind.LoadBalancer, address, port.Port, Sources(addresses, address, choice.HasAny));
        if (port.NodePort == 0) return;
        foreach (var address in node.NodePortAddresses)
        {
            if (address.Family == addresses.Cluster.Family) Add(FrontendKind.NodePort, address, port.NodePort, []);
        }

        void Add(FrontendKind kind, Address address, ushort number, ValueList<AddressMask> sources) =>
            frontends.Add(new Frontend(kind, outside with { Service = Virtual(service, port.Name.Protocol, address, number), Sources = sources }));
    }

    /// <summary>
    /// Who may come in by way of a load balancer. A node that may come in also may with the balancer's address, because the kernel can choose that as its
    /// own. Where nobody is there to answer, everyone is told so, the uninvited too.
    /// </summary>
    private ValueList<AddressMask> Sources(FamilyAddresses addresses, Address balancer, bool hasAny)
    {
        if (!hasAny || addresses.SourceRanges.Count == 0) return [];
        foreach (var address in node.Addresses)
        {
            if (address.Family != balancer.Family) continue;
            foreach (var range in addresses.SourceRanges)
            {
                if (range.Contains(address)) return [.. addresses.SourceRanges, AddressMask.Host(balancer)];
            }
            break;
        }
        return addresses.SourceRanges;
    }

    private VirtualService Virtual(ServiceSpec service, ServiceProtocol protocol, Address address, ushort port) => new()
    {
        Key = ServiceKey.Of(protocol, address, port),
        Scheduler = service.Scheduler ?? scheduler,
        Flags = service.Affinity > 0 ? ServiceFlags.Persistent : ServiceFlags.None,
        PersistenceTimeout = service.Affinity,
        PersistenceMask = address.IsIPv4 ? VirtualService.HostMaskIPv4 : VirtualService.HostMaskIPv6,
    };

    /// <summary>Sorted, so that every node and every run has them in the same order.</summary>
    private static ValueList<RealServer> Servers(ServiceSpec service, IReadOnlyList<PortEndpoint> endpoints)
    {
        if (endpoints.Count == 0) return [];
        var servers = ImmutableArray.CreateBuilder<RealServer>(endpoints.Count);
        foreach (var endpoint in endpoints)
        {
            servers.Add(new RealServer { Key = endpoint.Key, Forwarding = ForwardingMethod.Masquerade, Weight = Weight(service, endpoint.Key) });
        }
        servers.Sort(static (left, right) => left.Key.Address.CompareTo(right.Key.Address) is var order && order != 0 ? order : left.Key.Port.CompareTo(right.Key.Port));
        return new(servers.MoveToImmutable());
    }

    private static int Weight(ServiceSpec service, ServerKey server)
    {
        var result = 1;
        foreach (var weight in service.Weights)
        {
            if (weight.Address != server.Address) continue;
            if (weight.Port == server.Port) return weight.Weight;
            if (weight.Port == 0) result = weight.Weight;
        }
        return result;
    }

    private readonly record struct PortContext(ServiceSpec Service, FamilyAddresses Addresses, ServicePort Port, EndpointChoice Choice, bool IsExternal);
}
