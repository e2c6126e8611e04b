using Weir.Control.Instances;
using Weir.DataPath.Services;
using Weir.Model;
using Weir.Model.Proxying;
using Weir.Model.Rules;

namespace Weir.Control.Services;

/// <summary>What holds for all services of the proxy.</summary>
public sealed partial class ProxyStore
{
    /// <summary>What was written last, and into which map: a change of settings is compared with it instead of with the map, which takes longer to read.</summary>
    private (uint Map, ProxySettings Settings)? _written;

    /// <summary>The same of <see cref="Guard"/>, which comes after the services.</summary>
    private (uint Map, ProxySettings Settings)? _guarded;

    private static bool IsGuarding(ProxySettings? settings) => settings is not null && settings.BoundAddresses.Count + settings.ServicePrefixes.Count > 0;

    private static ProxySettings? Known((uint Map, ProxySettings Settings)? written, NetworkTable networks) => written is { } last && last.Map == networks.Id ? last.Settings : null;

    /// <summary>Writes what services go by; true where devices are to be told.</summary>
    private bool Write(ServiceTables tables, ProxySettings settings)
    {
        var networks = tables.Networks;
        var known = Known(_written, networks);
        Change(networks, Networks.Pods, known, settings, static settings => PrefixesOf(settings.PodPrefixes, NetworkUse.Inside));
        Change(networks, Networks.Excluded, known, settings, static settings => PrefixesOf(settings.ExcludedPrefixes, NetworkUse.Inside));
        _written = (networks.Id, settings);
        var pods = new InterfacePattern(settings.PodInterface ?? "");
        if (known is not null && known.PodInterface == settings.PodInterface) return false;
        tables.SetPodInterface(pods);
        return true;
    }

    /// <summary>Makes the addresses of services theirs alone.</summary>
    private void Guard(Instance instance, ServiceTables tables, ProxySettings settings)
    {
        Change(tables.Networks, Networks.Destinations, Known(_guarded, tables.Networks), settings, DestinationsOf);
        _guarded = (tables.Networks.Id, settings);
        instance.GuardServices(IsGuarding(settings));
    }

    private static void Change(NetworkTable networks, uint realm, ProxySettings? known, ProxySettings wanted, Func<ProxySettings, Dictionary<AddressMask, NetworkUse>> of) =>
        networks.Change(realm, known is null ? networks.Read(realm) : of(known), of(wanted));

    private IEnumerable<AddressMask> ExcludedPrefixes(ServiceTables tables) =>
        Known(_written, tables.Networks)?.ExcludedPrefixes ?? tables.Networks.Read(Networks.Excluded).Keys;

    private static Dictionary<AddressMask, NetworkUse> PrefixesOf(ValueList<AddressMask> prefixes, NetworkUse use)
    {
        var result = new Dictionary<AddressMask, NetworkUse>(prefixes.Count);
        foreach (var prefix in prefixes) result[AddressMask.Prefix(prefix.Address, prefix.PrefixLength)] = use;
        return result;
    }

    private static Dictionary<AddressMask, NetworkUse> DestinationsOf(ProxySettings settings)
    {
        var result = PrefixesOf(settings.ServicePrefixes, NetworkUse.Reserved);
        // The longer prefix counts, and of two that are the same the address.
        foreach (var address in settings.BoundAddresses) result[AddressMask.Host(address)] = NetworkUse.Bound;
        return result;
    }
}
