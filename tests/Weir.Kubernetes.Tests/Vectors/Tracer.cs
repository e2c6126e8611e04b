using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>Says what becomes of a first packet, by what the contract of <see cref="ProxiedService"/> and <see cref="ProxySettings"/> says.</summary>
internal sealed class Tracer(IReadOnlyDictionary<ServiceKey, ProxiedService> services, ProxySettings settings, IReadOnlyCollection<Address> local)
{
    public FlowVerdict Trace(Address source, ServiceProtocol protocol, Address destination, ushort port)
    {
        if (!services.TryGetValue(ServiceKey.Of(protocol, destination, port), out var service))
        {
            if (settings.BoundAddresses.Items.Contains(destination)) return new FlowVerdict("REJECT");
            return new FlowVerdict(settings.ServicePrefixes.Items.Any(prefix => prefix.Contains(destination)) ? "DROP" : "NONE");
        }
        if (service.Sources.Count > 0 && !service.Sources.Items.Any(range => range.Contains(source))) return new FlowVerdict("DROP");

        var isNode = local.Contains(source);
        var isPod = !isNode && settings.PodPrefixes.Items.Any(prefix => prefix.Contains(source));
        var isNear = (isNode || isPod) && service.NearServers is not null;
        var servers = isNear ? service.NearServers!.Value : service.Servers;
        if (servers.Count == 0) return new FlowVerdict(!isNear && service.NoServer == NoServerAction.Drop ? "DROP" : "REJECT");

        var isMasqueraded = service.Masquerade switch
        {
            SourceTranslation.All => true,
            SourceTranslation.ExceptPods => !isPod,
            SourceTranslation.Node => isNode,
            _ => false,
        };
        // Of several servers the packet meets itself only by chance; the vectors tell of that where it is certain.
        isMasqueraded |= servers.Count == 1 && servers[0].Key.Address == source;
        return new FlowVerdict("DNAT", string.Join(", ", servers.Items.Select(Text).Order(StringComparer.Ordinal)), isMasqueraded);
    }

    private static string Text(RealServer server) => server.Key.Address.IsIPv4 ? $"{server.Key.Address}:{server.Key.Port}" : $"[{server.Key.Address}]:{server.Key.Port}";
}
