using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Addresses and ports as listings write them: by number, or by name where there is one.</summary>
internal sealed class EndpointNames(INameResolver resolver, bool numeric)
{
    // ipvsadm's buffer for a name holds 59 characters.
    private const int LongestName = 59;

    /// <summary>"address:port", or "[address]:port" for IPv6; ports of a null protocol have no names.</summary>
    public string Text(AddressFamily family, ServerKey endpoint, ServiceProtocol? protocol)
    {
        var host = (numeric ? null : resolver.FindHostName(endpoint.Address)) ?? Plain(family, endpoint.Address);
        var service = numeric || Endpoint.NameOf(protocol) is not { } name ? null : resolver.FindService(endpoint.Port, name);
        var port = service ?? endpoint.Port.ToString();
        if (family == AddressFamily.IPv6) return $"[{host}]:{port}";
        var text = $"{host}:{port}";
        return text.Length <= LongestName ? text : text[..LongestName];
    }

    /// <summary>As <see cref="Text"/>, cut to the width of a column if the address is IPv4.</summary>
    public string ColumnText(AddressFamily family, ServerKey endpoint, ServiceProtocol? protocol, int width)
    {
        var text = Text(family, endpoint, protocol);
        return family == AddressFamily.IPv6 || text.Length <= width ? text : text[..width];
    }

    private static string Plain(AddressFamily family, Address address) =>
        family == AddressFamily.IPv6 && address.IsIPv4 ? $"::ffff:{address}" : address.ToString();
}
