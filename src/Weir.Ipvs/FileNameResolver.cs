using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Resolves names from the contents of hosts(5) and services(5) files. The first entry wins, as with glibc's "files".</summary>
public sealed class FileNameResolver : INameResolver
{
    private readonly Dictionary<string, Address> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<Address, string> _hostNames = [];
    private readonly Dictionary<(string Name, string Protocol), ushort> _ports = [];
    private readonly Dictionary<(ushort Port, string Protocol), string> _services = [];

    /// <summary>Reads the texts of a hosts and a services file; lines that make no sense are passed over.</summary>
    public FileNameResolver(string hosts, string services)
    {
        foreach (var words in Lines(hosts)) AddHost(words);
        foreach (var words in Lines(services)) AddService(words);
    }

    /// <inheritdoc/>
    public Address? FindHost(string name) => _hosts.TryGetValue(name, out var address) ? address : null;

    /// <inheritdoc/>
    public string? FindHostName(Address address) => _hostNames.GetValueOrDefault(address);

    /// <inheritdoc/>
    public ushort? FindPort(string service, string protocol) => _ports.TryGetValue((service, protocol), out var port) ? port : null;

    /// <inheritdoc/>
    public string? FindService(ushort port, string protocol) => _services.GetValueOrDefault((port, protocol));

    private static IEnumerable<string[]> Lines(string text) =>
        text.Split('\n')
            .Select(line => line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length >= 2);

    private void AddHost(string[] words)
    {
        if (!Address.TryParse(words[0], out var address)) return;
        _hostNames.TryAdd(address, words[1]);
        if (!address.IsIPv4) return;
        foreach (var name in words.AsSpan(1)) _hosts.TryAdd(name, address);
    }

    private void AddService(string[] words)
    {
        if (words[1].Split('/') is not [var number, var protocol] || !ushort.TryParse(number, out var port)) return;
        _services.TryAdd((port, protocol), words[0]);
        _ports.TryAdd((words[0], protocol), port);
        foreach (var alias in words.AsSpan(2)) _ports.TryAdd((alias, protocol), port);
    }
}
