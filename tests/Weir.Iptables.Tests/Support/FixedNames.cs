using Weir.Iptables.Names;

namespace Weir.Iptables.Tests.Support;

/// <summary>The few names that the captures use, so that they hold on every machine.</summary>
internal static class FixedNames
{
    private const string Services =
        """
        ssh 22/tcp
        domain 53/tcp
        domain 53/udp
        http 80/tcp www
        http-alt 8080/tcp webcache
        """;

    public static INames Instance { get; } = new EtcNames(path => path switch
    {
        "/etc/services" => Services,
        "/etc/networks" => "default 0.0.0.0\nloopback 127.0.0.0\n",
        _ => null,
    });
}
