using System.Collections.Immutable;
using Weir.Model;

namespace Weir.Iptables.Names;

/// <summary>Knows no name: everything stays a number.</summary>
public sealed class NoNames : INames
{
    /// <summary>The only instance needed.</summary>
    public static NoNames Instance { get; } = new();

    /// <inheritdoc/>
    public ushort? PortOf(string service, string? protocol) => null;

    /// <inheritdoc/>
    public string? ServiceOf(ushort port, string? protocol) => null;

    /// <inheritdoc/>
    public byte? ProtocolOf(string name) => null;

    /// <inheritdoc/>
    public string? ProtocolName(byte protocol) => null;

    /// <inheritdoc/>
    public ImmutableArray<Address> AddressesOf(string name, AddressFamily family) => [];

    /// <inheritdoc/>
    public string? HostOf(Address address) => null;
}
