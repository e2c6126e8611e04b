using Weir.Bpf.Maps;
using Weir.Control.Images;
using Weir.Control.Instances;
using Weir.DataPath;
using Weir.DataPath.Services;
using Weir.Model;

namespace Weir.Control.Services;

/// <summary>The trie of <see cref="Maps.Networks"/>.</summary>
internal sealed class NetworkTable(Instance instance)
{
    private readonly BpfHash<NetworkKey, uint> _map = instance.Map(nameof(Maps.Networks)).AsHash<NetworkKey, uint>();

    /// <summary>What was read, and followed since; null: nothing was.</summary>
    private Dictionary<uint, Dictionary<AddressMask, NetworkUse>>? _known;

    /// <summary>The id of the map: another instance has another.</summary>
    public uint Id => _map.Map.Info.Id;

    /// <summary>The prefixes of a realm. The first call reads the whole trie.</summary>
    public IReadOnlyDictionary<AddressMask, NetworkUse> Read(uint realm) =>
        (_known ??= ReadAll()).TryGetValue(realm, out var prefixes) ? prefixes : new Dictionary<AddressMask, NetworkUse>();

    /// <summary>Makes the present prefixes of a realm the wanted ones.</summary>
    public void Change(uint realm, IReadOnlyDictionary<AddressMask, NetworkUse> present, IReadOnlyDictionary<AddressMask, NetworkUse> wanted)
    {
        var set = wanted.Where(pair => !present.TryGetValue(pair.Key, out var use) || use != pair.Value).ToArray();
        _map.SetMany(Array.ConvertAll(set, pair => KeyOf(realm, pair.Key)), Array.ConvertAll(set, pair => (uint)pair.Value));
        _map.RemoveMany([.. present.Keys.Where(prefix => !wanted.ContainsKey(prefix)).Select(prefix => KeyOf(realm, prefix))]);
        if (_known is not null) _known[realm] = new(wanted);
    }

    /// <summary>Takes all prefixes of a realm away.</summary>
    public void RemoveRealm(uint realm) => Change(realm, Read(realm), new Dictionary<AddressMask, NetworkUse>());

    private Dictionary<uint, Dictionary<AddressMask, NetworkUse>> ReadAll()
    {
        var result = new Dictionary<uint, Dictionary<AddressMask, NetworkUse>>();
        foreach (var (key, use) in _map.ToArray())
        {
            if (!result.TryGetValue(key.Realm, out var prefixes)) result.Add(key.Realm, prefixes = []);
            prefixes[PrefixOf(key)] = (NetworkUse)use;
        }
        return result;
    }

    private static NetworkKey KeyOf(uint realm, AddressMask prefix)
    {
        var unused = Networks.AddressBits - AddressMask.BitsOf(prefix.Family);
        return new() { PrefixLength = (uint)(Networks.RealmBits + unused + prefix.PrefixLength), Realm = realm, Address = NetworkOrder.Of(prefix.Address) };
    }

    private static AddressMask PrefixOf(in NetworkKey key)
    {
        var address = NetworkOrder.From(key.Address);
        return AddressMask.Prefix(address, (int)key.PrefixLength - Networks.RealmBits - Networks.AddressBits + AddressMask.BitsOf(address.Family));
    }
}
