using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Writes connection entries for <c>ipvsadm -L -c</c>.</summary>
internal sealed class ConnectionListing(TextWriter output, EndpointNames names, bool withEngines)
{
    /// <summary>Writes titles and entries.</summary>
    public void Write(IEnumerable<ConnectionEntry> connections)
    {
        output.Write("IPVS connection entries\n");
        output.Write("pro expire state       source             virtual            destination");
        output.Write(withEngines ? "        pe name          pe_data\n" : "\n");
        foreach (var connection in connections) Write(connection);
    }

    private void Write(ConnectionEntry connection)
    {
        var protocol = connection.Protocol?.ToString().ToUpperInvariant() ?? "IP";
        var expires = $"{connection.Expires / 60:00}:{connection.Expires % 60:00}";
        var client = NameOf(connection.Client, connection.Protocol);
        var virtualName = NameOf(connection.Virtual, connection.Protocol);
        var destination = NameOf(connection.Destination, connection.Protocol);
        output.Write($"{protocol,-3} {expires,-6} {connection.State,-11} {client,-18} {virtualName,-18} ");
        output.Write(withEngines && connection.PersistenceEngine.Length > 0
            ? $"{destination,-16} {connection.PersistenceEngine,-18} {connection.PersistenceData}\n"
            : $"{destination}\n");
    }

    private string NameOf(ServerKey endpoint, ServiceProtocol? protocol) => names.Text(endpoint.Address.Family, endpoint, protocol);
}
