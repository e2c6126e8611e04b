namespace Weir.DataPath.Services;

/// <summary>Looking addresses up in <see cref="Maps.Networks"/>: one trie, in realms. The realms of services' sources are named by <see cref="Service.Sources"/>.</summary>
public static unsafe class Networks
{
    /// <summary>The realm of this node's pods.</summary>
    public const uint Pods = uint.MaxValue;

    /// <summary>The realm of destinations that are not for everyone: <see cref="NetworkUse.Bound"/> and <see cref="NetworkUse.Reserved"/>.</summary>
    public const uint Destinations = uint.MaxValue - 1;

    /// <summary>The control side's: prefixes whose services are not a proxy's.</summary>
    public const uint Excluded = uint.MaxValue - 2;

    /// <summary>Bits of a realm, and of an address.</summary>
    public const int RealmBits = 32, AddressBits = 128;

    /// <summary>What the longest prefix of a realm says of an address.</summary>
    internal static NetworkUse Find(uint realm, IpAddress* address)
    {
        NetworkKey key;
        key.PrefixLength = RealmBits + AddressBits;
        key.Realm = realm;
        key.Address = *address;
        var use = Maps.Networks.Lookup(&key);
        return use == null ? NetworkUse.None : (NetworkUse)(*use);
    }
}
