using System.Collections.Immutable;
using Weir.Model;

namespace Weir.Iptables.Names;

/// <summary>
/// Names from the texts of /etc/services, /etc/protocols, /etc/networks and /etc/hosts, read when first asked for; the two functions
/// (DNS) are asked for hosts that are not there.
/// </summary>
/// <param name="readFile">Gives a file's text; null or empty when there is none.</param>
/// <param name="resolve">Addresses of a host name.</param>
/// <param name="reverse">The name of an address.</param>
public sealed class EtcNames(
    Func<string, string?> readFile,
    Func<string, AddressFamily, ImmutableArray<Address>>? resolve = null,
    Func<Address, string?>? reverse = null) : INames
{
    private readonly Lazy<List<(string Name, ushort Port, string Protocol, string[] Aliases)>> _services = new(()
        => Services(readFile("/etc/services")));
    private readonly Lazy<List<(string Name, byte Number, string[] Aliases)>> _protocols = new(() => Protocols(readFile("/etc/protocols")));
    private readonly Lazy<List<(Address Address, string[] Names)>> _hosts = new(() => Hosts(readFile("/etc/hosts")));
    private readonly Lazy<List<(Address Address, string[] Names)>> _networks = new(() => Networks(readFile("/etc/networks")));

    /// <inheritdoc/>
    public ushort? PortOf(string service, string? protocol)
    {
        foreach (var entry in _services.Value)
        {
            if ((protocol is null || entry.Protocol == protocol)
                && (entry.Name == service || entry.Aliases.Contains(service)))
                return entry.Port;
        }
        return null;
    }

    /// <inheritdoc/>
    public string? ServiceOf(ushort port, string? protocol)
    {
        foreach (var entry in _services.Value)
        {
            if (entry.Port == port && (protocol is null || entry.Protocol == protocol)) return entry.Name;
        }
        return null;
    }

    /// <inheritdoc/>
    public byte? ProtocolOf(string name)
    {
        foreach (var entry in _protocols.Value)
        {
            if (entry.Name == name || entry.Aliases.Contains(name)) return entry.Number;
        }
        return null;
    }

    /// <inheritdoc/>
    public string? ProtocolName(byte protocol)
    {
        foreach (var entry in _protocols.Value)
        {
            if (entry.Number == protocol) return entry.Name;
        }
        return null;
    }

    /// <inheritdoc/>
    public ImmutableArray<Address> AddressesOf(string name, AddressFamily family)
    {
        foreach (var (network, names) in _networks.Value)
        {
            if (family == AddressFamily.IPv4 && names.Contains(name, StringComparer.OrdinalIgnoreCase)) return [network];
        }
        var found = ImmutableArray.CreateBuilder<Address>();
        foreach (var (address, names) in _hosts.Value)
        {
            if (address.Family == family && !found.Contains(address)
                && names.Contains(name, StringComparer.OrdinalIgnoreCase))
                found.Add(address);
        }
        return found.Count > 0 ? found.ToImmutable() : resolve?.Invoke(name, family) ?? [];
    }

    /// <inheritdoc/>
    public string? HostOf(Address address)
    {
        foreach (var (candidate, names) in _hosts.Value)
        {
            if (candidate == address && names.Length > 0) return names[0];
        }
        if (reverse?.Invoke(address) is { } name) return name;
        foreach (var (candidate, names) in _networks.Value)
        {
            if (candidate == address) return names[0];
        }
        return null;
    }

    private static List<(string, ushort, string, string[])> Services(string? text)
    {
        var entries = new List<(string, ushort, string, string[])>();
        foreach (var fields in Lines(text))
        {
            if (fields.Length < 2 || fields[1].Split('/') is not [var number, var protocol]
                || !ushort.TryParse(number, out var port)) continue;
            entries.Add((fields[0], port, protocol, fields[2..]));
        }
        return entries;
    }

    private static List<(string, byte, string[])> Protocols(string? text)
    {
        var entries = new List<(string, byte, string[])>();
        foreach (var fields in Lines(text))
        {
            if (fields.Length >= 2 && byte.TryParse(fields[1], out var number)) entries.Add((fields[0], number, fields[2..]));
        }
        return entries;
    }

    private static List<(Address, string[])> Hosts(string? text)
    {
        var entries = new List<(Address, string[])>();
        foreach (var fields in Lines(text))
        {
            if (fields.Length >= 2 && Address.TryParse(fields[0], out var address)) entries.Add((address, fields[1..]));
        }
        return entries;
    }

    private static List<(Address, string[])> Networks(string? text)
    {
        var entries = new List<(Address, string[])>();
        foreach (var fields in Lines(text))
        {
            if (fields.Length >= 2 && Address.TryParse(fields[1], out var address)) entries.Add((address, [fields[0], .. fields[2..]]));
        }
        return entries;
    }

    private static IEnumerable<string[]> Lines(string? text) => (text ?? "").Split('\n')
        .Select(line => line.Split('#')[0].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
        .Where(fields => fields.Length > 0);
}
