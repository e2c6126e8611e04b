namespace Weir.DataPath.Services;

/// <summary>What a prefix of <see cref="Maps.Networks"/> is.</summary>
public enum NetworkUse : uint
{
    None = 0,

    /// <summary>In it (sources of a service, pods).</summary>
    Inside = 1,

    /// <summary>An address that has services: what begins a connection to another port of it is rejected.</summary>
    Bound = 2,

    /// <summary>Addresses that services may have: packets to those that none has are dropped.</summary>
    Reserved = 3,
}
