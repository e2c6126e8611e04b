using System.Collections.Immutable;
using System.Globalization;
using k8s.Models;
using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>Reads Services.</summary>
/// <param name="log">Where bad parts are named.</param>
public sealed class ServiceReader(IInputLog log)
{
    private const uint DefaultAffinity = 10800, MaximumAffinity = 86400;

    /// <summary>Reads one; null where it is nothing for a proxy: headless, an external name, or another proxy's.</summary>
    public ServiceSpec? Read(V1Service service)
    {
        var name = ObjectName.Of(service);
        var spec = service.Spec;
        if (spec is null || spec.Type == "ExternalName" || string.IsNullOrEmpty(spec.ClusterIP) || spec.ClusterIP == "None") return null;
        if (service.Metadata?.Labels?.ContainsKey(Labels.ServiceProxyName) == true) return null;

        var isExternal = spec.Type is "LoadBalancer" or "NodePort" || spec.ExternalIPs?.Count > 0;
        var result = new ServiceSpec
        {
            Name = name,
            Created = service.Metadata?.CreationTimestamp ?? default,
            Ports = Ports(name, spec),
            IPv4 = Family(name, service, AddressFamily.IPv4),
            IPv6 = Family(name, service, AddressFamily.IPv6),
            IsInternalLocal = spec.InternalTrafficPolicy == "Local",
            IsExternalLocal = isExternal && spec.ExternalTrafficPolicy == "Local",
            Affinity = Affinity(name, spec),
            Scheduler = Scheduler(name, service),
            Weights = Weights(name, service),
        };
        if (spec.Type == "LoadBalancer" && result.IsExternalLocal)
        {
            if (Fields.TryPort(spec.HealthCheckNodePort, out var port)) result = result with { HealthCheckPort = port };
            else log.Rejected("Service", name, "spec.healthCheckNodePort is missing");
        }
        return result.IPv4 is null && result.IPv6 is null ? null : result;
    }

    private ValueList<ServicePort> Ports(ObjectName name, V1ServiceSpec spec)
    {
        if (spec.Ports is not { Count: > 0 } ports)
        {
            log.Rejected("Service", name, "spec.ports is empty");
            return [];
        }
        var result = ImmutableArray.CreateBuilder<ServicePort>(ports.Count);
        foreach (var port in ports)
        {
            if (port is null) continue;
            if (!Fields.TryProtocol(port.Protocol, out var protocol))
            {
                log.Rejected("Service", name, $"spec.ports: unknown protocol \"{port.Protocol}\"");
                continue;
            }
            if (!Fields.TryPort(port.Port, out var number))
            {
                log.Rejected("Service", name, $"spec.ports: not a port: {port.Port}");
                continue;
            }
            if (!Fields.TryPort(port.NodePort, out var nodePort) && port.NodePort is not (null or 0))
            {
                log.Rejected("Service", name, $"spec.ports: not a node port: {port.NodePort}");
                nodePort = 0;
            }
            var portName = new PortName(port.Name ?? "", protocol);
            if (result.Any(other => other.Name == portName || (other.Port == number && other.Name.Protocol == protocol)))
            {
                log.Rejected("Service", name, $"spec.ports: port {number} \"{portName.Name}\" is there twice, the first one counts");
                continue;
            }
            result.Add(new ServicePort(portName, number, nodePort));
        }
        return new(result.ToImmutable());
    }

    private FamilyAddresses? Family(ObjectName name, V1Service service, AddressFamily family)
    {
        var spec = service.Spec;
        if (ClusterAddress(spec, family) is not { } text) return null;
        if (!Fields.TryAddress(text, out var cluster) || cluster.Family != family || !Fields.IsUsable(cluster))
        {
            log.Rejected("Service", name, $"spec.clusterIPs: not a usable {family} address: \"{text}\"");
            return null;
        }
        var balancers = service.Status?.LoadBalancer?.Ingress ?? [];
        return new FamilyAddresses
        {
            Cluster = cluster,
            External = Addresses(name, "spec.externalIPs", spec.ExternalIPs ?? [], family, cluster),
            LoadBalancer = Addresses(name, "status.loadBalancer.ingress",
                balancers.Where(static i => i is not null && !string.IsNullOrEmpty(i.Ip) && i.IpMode is null or "" or "VIP").Select(static i => i.Ip), family, cluster),
            SourceRanges = SourceRanges(name, spec, family),
        };
    }

    /// <summary>GetClusterIPByFamily: objects from before dual-stack name no families.</summary>
    private static string? ClusterAddress(V1ServiceSpec spec, AddressFamily family)
    {
        if (spec.IpFamilies is not { Count: > 0 } families) return spec.ClusterIP.Contains(':') == (family == AddressFamily.IPv6) ? spec.ClusterIP : null;
        var index = families.IndexOf(family.ToString());
        return index >= 0 && index < spec.ClusterIPs?.Count && !string.IsNullOrEmpty(spec.ClusterIPs[index]) ? spec.ClusterIPs[index] : null;
    }

    private ValueList<Address> Addresses(ObjectName name, string field, IEnumerable<string> texts, AddressFamily family, Address cluster)
    {
        var result = ImmutableArray.CreateBuilder<Address>();
        foreach (var text in texts)
        {
            if (!Fields.TryAddress(text, out var address) || !Fields.IsUsable(address))
            {
                // Named once, though each family looks at it.
                if (family == AddressFamily.IPv4 == text?.Contains(':') is not true) log.Rejected("Service", name, $"{field}: not a usable address: \"{text}\"");
            }
            else if (address.Family == family && address != cluster && !result.Contains(address))
            {
                result.Add(address);
            }
        }
        return new(result.ToImmutable());
    }

    private ValueList<AddressMask> SourceRanges(ObjectName name, V1ServiceSpec spec, AddressFamily family)
    {
        var result = ImmutableArray.CreateBuilder<AddressMask>();
        var isAny = false;
        var isBad = false;
        foreach (var text in spec.LoadBalancerSourceRanges ?? [])
        {
            if (!Fields.TryPrefix(text, out var range))
            {
                isBad = true;
                log.Rejected("Service", name, $"spec.loadBalancerSourceRanges: not a prefix: \"{text}\"");
            }
            else if (range.Family == family)
            {
                isAny |= range.PrefixLength == 0;
                if (!result.Contains(range)) result.Add(range);
            }
        }
        if (isAny) return [];
        // A mistake in the only range must not open the door: nobody gets in by a range that nobody has.
        if (isBad && result.Count == 0) result.Add(AddressMask.Host(family == AddressFamily.IPv4 ? Address.AnyIPv4 : Address.AnyIPv6));
        return new(result.ToImmutable());
    }

    private uint Affinity(ObjectName name, V1ServiceSpec spec)
    {
        if (spec.SessionAffinity != "ClientIP") return 0;
        if (spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds is not { } seconds) return DefaultAffinity;
        if (seconds is > 0 and <= (int)MaximumAffinity) return (uint)seconds;
        log.Rejected("Service", name, $"spec.sessionAffinityConfig: time-out out of range: {seconds}; {DefaultAffinity} is used");
        return DefaultAffinity;
    }

    private string? Scheduler(ObjectName name, V1Service service)
    {
        if (service.Metadata?.Annotations?.TryGetValue(Labels.Scheduler, out var asked) != true || asked is null) return null;
        var nearest = Schedulers.Nearest(asked.Trim());
        if (nearest is null) log.Rejected("Service", name, $"{Labels.Scheduler}: no such scheduler: \"{asked}\"; the node's default is used");
        else if (nearest != asked.Trim()) log.Rejected("Service", name, $"{Labels.Scheduler}: the {asked} scheduler is not supported; {nearest} is used");
        return nearest;
    }

    private ValueList<EndpointWeight> Weights(ObjectName name, V1Service service)
    {
        if (service.Metadata?.Annotations?.TryGetValue(Labels.Weights, out var text) != true || text is null) return [];
        var result = ImmutableArray.CreateBuilder<EndpointWeight>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (TryWeight(entry, out var weight)) result.Add(weight);
            else log.Rejected("Service", name, $"{Labels.Weights}: not address=weight: \"{entry}\"");
        }
        return new(result.ToImmutable());
    }

    // 10.0.0.1=3, 10.0.0.1:80=3, fd00::1=3, [fd00::1]:80=3
    private static bool TryWeight(string entry, out EndpointWeight weight)
    {
        weight = default;
        var equals = entry.LastIndexOf('=');
        if (equals < 0) return false;
        if (!int.TryParse(entry.AsSpan(equals + 1).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > ushort.MaxValue) return false;
        var key = entry[..equals].Trim();
        ushort port = 0;
        if (!Fields.TryAddress(key, out var address))
        {
            var colon = key.LastIndexOf(':');
            if (colon < 0 || !ushort.TryParse(key.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port == 0) return false;
            if (!Fields.TryAddress(key[..colon].TrimStart('[').TrimEnd(']'), out address)) return false;
        }
        weight = new EndpointWeight(address, port, number);
        return true;
    }
}
