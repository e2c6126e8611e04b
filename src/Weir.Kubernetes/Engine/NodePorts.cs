using Weir.Kubernetes.Semantics;
using Weir.Model;

namespace Weir.Kubernetes.Engine;

/// <summary>Chooses the addresses that node ports are on.</summary>
internal static class NodePorts
{
    /// <summary>Those of the node's addresses that the options name, sorted; loopback and link-local IPv6 never (as in kube-proxy's ipvs mode).</summary>
    public static ValueList<Address> Addresses(ProxyOptions options, IReadOnlyList<Address> addresses)
    {
        var primary = new[] { AddressFamily.IPv4, AddressFamily.IPv6 }
            .Select(family => options.NodeAddresses.Items.Where(address => address.Family == family).Take(1)).SelectMany(static list => list).ToHashSet();
        var chosen = options.IsNodePortPrimary
            ? primary
            : addresses.Where(address => options.NodePortPrefixes.Count == 0 || options.NodePortPrefixes.Items.Any(prefix => prefix.Contains(address)));
        return [.. chosen.Where(static address => Fields.IsUsable(address) && !IsLinkLocalIPv6(address)).Distinct().Order()];
    }

    private static bool IsLinkLocalIPv6(Address address) => !address.IsIPv4 && address.High >> 54 == 0xfe80 >> 6;
}
