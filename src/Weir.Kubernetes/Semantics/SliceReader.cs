using System.Collections.Immutable;
using k8s.Models;
using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>Reads endpoint slices.</summary>
/// <param name="log">Where bad parts are named.</param>
public sealed class SliceReader(IInputLog log)
{
    // Thousands of endpoints name a few nodes and zones; each name is kept once.
    private readonly StringPool _names = new();

    /// <summary>Reads one; null where it is nothing for a proxy: a headless Service's, no Service's, or not of addresses.</summary>
    public SliceSpec? Read(V1EndpointSlice slice)
    {
        var name = ObjectName.Of(slice);
        var labels = slice.Metadata?.Labels;
        if (labels?.ContainsKey(Labels.Headless) == true) return null;
        if (labels?.TryGetValue(Labels.ServiceName, out var service) != true || string.IsNullOrEmpty(service))
        {
            log.Rejected("EndpointSlice", name, $"the label {Labels.ServiceName} is missing");
            return null;
        }
        if (slice.AddressType is not ("IPv4" or "IPv6")) return null;
        var family = slice.AddressType == "IPv4" ? AddressFamily.IPv4 : AddressFamily.IPv6;
        return new SliceSpec
        {
            Name = name,
            Service = new ObjectName(name.Namespace, service),
            Family = family,
            Ports = Ports(name, slice),
            Endpoints = Endpoints(name, slice, family),
        };
    }

    private ValueList<SlicePort> Ports(ObjectName name, V1EndpointSlice slice)
    {
        var result = ImmutableArray.CreateBuilder<SlicePort>();
        foreach (var port in slice.Ports ?? [])
        {
            // No name or no number stand for every port, which means nothing to a proxy (kube-proxy leaves them out too).
            if (port?.Name is null || port.Port is null or 0)
            {
                log.Rejected("EndpointSlice", name, "ports: a port without a name or a number");
                continue;
            }
            if (Fields.TryProtocol(port.Protocol, out var protocol) && Fields.TryPort(port.Port, out var number))
            {
                result.Add(new SlicePort(new PortName(_names.Add(port.Name), protocol), number));
                continue;
            }
            log.Rejected("EndpointSlice", name, $"ports: not a port: {port.Protocol} {port.Port}");
        }
        return new(result.ToImmutable());
    }

    private ValueList<Endpoint> Endpoints(ObjectName name, V1EndpointSlice slice, AddressFamily family)
    {
        var result = ImmutableArray.CreateBuilder<Endpoint>(slice.Endpoints?.Count ?? 0);
        foreach (var endpoint in slice.Endpoints ?? [])
        {
            // All addresses of an endpoint mean the same pod; the API says that consumers use the first.
            var text = endpoint?.Addresses is { Count: > 0 } addresses ? addresses[0] : null;
            if (endpoint is null || !Fields.TryAddress(text, out var address) || address.Family != family || !Fields.IsUsable(address))
            {
                log.Rejected("EndpointSlice", name, $"endpoints: not a usable {family} address: \"{text}\"");
                continue;
            }
            result.Add(new Endpoint
            {
                Address = address,
                NodeName = _names.Add(endpoint.NodeName ?? ""),
                IsReady = endpoint.Conditions?.Ready ?? true,
                IsServing = endpoint.Conditions?.Serving ?? true,
                IsTerminating = endpoint.Conditions?.Terminating ?? false,
                ZoneHints = Hints(endpoint.Hints?.ForZones?.Select(static zone => zone?.Name)),
                NodeHints = Hints(endpoint.Hints?.ForNodes?.Select(static node => node?.Name)),
            });
        }
        return new(result.ToImmutable());
    }

    private ValueList<string> Hints(IEnumerable<string?>? names) => names is null ? [] : [.. names.OfType<string>().Select(_names.Add)];
}
