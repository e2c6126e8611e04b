using System.Runtime.InteropServices;
using Weir.Kubernetes.Semantics;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Engine;

/// <summary>
/// What all Services ask for together. Where several ask for the same virtual service, one has it (<see cref="FrontendKind"/>) until it lets go; the result
/// depends on the Services alone, not on the order in which they came.
/// </summary>
/// <param name="log">Where those are named that do not get what they ask for.</param>
internal sealed class FrontendTable(IInputLog log)
{
    private readonly Dictionary<ObjectName, Translation> _translations = [];
    private readonly Dictionary<ServiceKey, Claim> _claims = [];
    private readonly Dictionary<Address, int> _addresses = [];

    // What a key's service was before the changes that Changes has not told of yet.
    private readonly Dictionary<ServiceKey, ProxiedService?> _before = [];

    // Whether an address was there before the changes of it: a Service that is put again lets go of it and takes it anew.
    private readonly Dictionary<Address, bool> _hadAddress = [];

    /// <summary>The addresses of Services, node ports apart.</summary>
    public IReadOnlyCollection<Address> Addresses => _addresses.Keys;

    /// <summary>Whether <see cref="Addresses"/> has become another since <see cref="ForgetAddressChanges"/>.</summary>
    public bool IsAddressChanged => _hadAddress.Any(pair => pair.Value != _addresses.ContainsKey(pair.Key));

    /// <summary>All virtual services.</summary>
    public IEnumerable<ProxiedService> Services => _claims.Values.Select(static claim => claim.Frontend.Service);

    /// <summary>The Services.</summary>
    public IReadOnlyDictionary<ObjectName, Translation> Translations => _translations;

    /// <summary>Has a Service ask for what it has become, and for nothing that it asked for before.</summary>
    public void Put(ObjectName name, DateTime created, Translation translation)
    {
        var old = _translations.GetValueOrDefault(name, Translation.Nothing);
        foreach (var frontend in old.Frontends) Release(name, frontend);
        foreach (var frontend in translation.Frontends) Take(new Claim(name, created, frontend), old);
        if (translation == Translation.Nothing) _translations.Remove(name);
        else _translations[name] = translation;
    }

    /// <summary>What has changed since the last call.</summary>
    public (IReadOnlyList<ProxiedService> Set, IReadOnlyList<ServiceKey> Removed) Changes()
    {
        var set = new List<ProxiedService>(_before.Count);
        var removed = new List<ServiceKey>();
        foreach (var (key, before) in _before)
        {
            var now = _claims.GetValueOrDefault(key)?.Frontend.Service;
            if (now is null && before is not null) removed.Add(key);
            else if (now is not null && !now.Equals(before)) set.Add(now);
        }
        _before.Clear();
        return (set, removed);
    }

    /// <summary>The addresses are known as they are now.</summary>
    public void ForgetAddressChanges() => _hadAddress.Clear();

    private void Take(Claim claim, Translation old)
    {
        var service = claim.Frontend.Service;
        var key = service.Service.Key;
        CountAddress(claim.Frontend, 1);
        ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_claims, key, out _);
        _before.TryAdd(key, first?.Frontend.Service);
        ref var place = ref first;
        while (place is not null && place.CompareTo(claim) <= 0) place = ref place.Next;
        claim.Next = place;
        place = claim;
        if (first!.Next is null || old.Frontends.Any(frontend => frontend.Service.Service.Key == key)) return;
        var loser = ReferenceEquals(first, claim) ? first.Next : claim;
        // A Service may meet itself: the node can hold an address that is also one of its external ones.
        if (first.Owner != loser.Owner || first.Frontend.Service.Servers != loser.Frontend.Service.Servers) log.Rejected("Service", loser.Owner, $"{Text(key)} belongs to {first.Owner}");
    }

    private void Release(ObjectName name, Frontend frontend)
    {
        var key = frontend.Service.Service.Key;
        CountAddress(frontend, -1);
        ref var first = ref CollectionsMarshal.GetValueRefOrNullRef(_claims, key);
        _before.TryAdd(key, first!.Frontend.Service);
        ref var place = ref first!;
        while (place!.Owner != name || !ReferenceEquals(place.Frontend.Service, frontend.Service)) place = ref place.Next!;
        place = place.Next!;
        if (first is null) _claims.Remove(key);
    }

    private void CountAddress(Frontend frontend, int change)
    {
        if (frontend.Kind == FrontendKind.NodePort) return;
        var address = frontend.Service.Service.Key.Address;
        ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_addresses, address, out var isThere);
        _hadAddress.TryAdd(address, isThere);
        count += change;
        if (count == 0) _addresses.Remove(address);
    }

    private static string Text(ServiceKey key) => key.Family == AddressFamily.IPv4
        ? $"{key.Address}:{key.Port}/{key.Protocol.ToString().ToUpperInvariant()}"
        : $"[{key.Address}]:{key.Port}/{key.Protocol.ToString().ToUpperInvariant()}";

    /// <summary>That a Service asks for a virtual service; behind it those who ask for the same and do not get it.</summary>
    private sealed class Claim(ObjectName owner, DateTime created, Frontend frontend) : IComparable<Claim>
    {
        public Claim? Next;

        public ObjectName Owner => owner;

        public Frontend Frontend => frontend;

        public int CompareTo(Claim? other)
        {
            if (other is null) return 1;
            var order = (frontend.Kind == FrontendKind.Cluster ? 0 : 1).CompareTo(other.Frontend.Kind == FrontendKind.Cluster ? 0 : 1);
            if (order == 0) order = created.CompareTo(other.Created);
            if (order == 0) order = owner.CompareTo(other.Owner);
            return order != 0 ? order : frontend.Kind.CompareTo(other.Frontend.Kind);
        }

        private DateTime Created => created;
    }
}
