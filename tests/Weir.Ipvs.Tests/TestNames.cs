namespace Weir.Ipvs.Tests;

/// <summary>The names that the captures were taken with.</summary>
internal static class TestNames
{
    public static INameResolver Resolver { get; } = new FileNameResolver(
        """
        127.0.0.1 localhost
        10.0.0.7 a-very-long-host-name-for-a-virtual-service.example.org
        10.0.0.8 short # a comment
        fd00::7 six.example.org
        """,
        """
        # Service names of Debian 12's netbase.
        discard   9/tcp    sink null
        discard   9/udp    sink null
        ssh       22/tcp
        domain    53/tcp
        domain    53/udp
        tftp      69/udp
        http      80/tcp   www
        kerberos  88/tcp   kerberos5 krb5 kerberos-sec
        kerberos  88/udp   kerberos5 krb5 kerberos-sec
        https     443/tcp
        https     443/udp
        sip       5060/tcp
        sip       5060/udp
        mdns      5353/udp
        http-alt  8080/tcp webcache
        http-alt  8080/udp
        """);
}
