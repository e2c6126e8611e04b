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

    private static bool IsGuarding(ProxySettings? settings) => settings is not null && settings.BoundAddresses.Count + settings.ServicePrefixes.Count > 0;

    /// <summary>Writes settings; true where devices are to be told.</summary>
    private bool Write(ServiceTables tables, ProxySettings settings)
    {
        var networks = tables.Networks;
        var known = _written is { } written && written.Map == networks.Id ? written.Settings : null;
        foreach (var (realm, of) in s_realms)
        {
            var wanted = of(settings);
            networks.Change(realm, known is null ? networks.Read(realm) : of(known), wanted);
        }
        _written = (networks.Id, settings);
        var pods = new InterfacePattern(settings.PodInterface ?? "");
        if (known is not null && known.PodInterface == settings.PodInterface) return false;
        tables.SetPodInterface(pods);
        return true;
    }

    private static readonly (uint Realm, Func<ProxySettings, Dictionary<AddressMask, NetworkUse>> Of)[] s_realms =
    [
        (Networks.Pods, settings => PrefixesOf(settings.PodPrefixes, NetworkUse.Inside)),
        (Networks.Excluded, settings => PrefixesOf(settings.ExcludedPrefixes, NetworkUse.Inside)),
        (Networks.Destinations, DestinationsOf),
    ];

    private IEnumerable<AddressMask> ExcludedPrefixes(ServiceTables tables) =>
        _written is { } written && written.Map == tables.Networks.Id ? written.Settings.ExcludedPrefixes : tables.Networks.Read(Networks.Excluded).Keys;

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
