using System.Collections.Immutable;
using Weir.Iptables.Names;
using Weir.Iptables.Tests.Support;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Iptables.Tests;

public sealed class NamesTests
{
    private readonly MemoryStore _store = new();
    private readonly EtcNames _names = new(
        path => path switch
        {
            "/etc/services" => "# a comment\nhttp 80/tcp www # and another\ndomain 53/udp\n",
            "/etc/protocols" => "gre 47 GRE\n",
            "/etc/hosts" => "10.0.0.1 one alias\n10.0.0.2 two\n10.0.0.3 two\n2001:db8::1 one\n",
            _ => null,
        },
        (name, family) => name == "dns" && family == AddressFamily.IPv4 ? [Address.Parse("9.9.9.9")] : [],
        address => address == Address.Parse("9.9.9.9") ? "dns" : null);

    private ImmutableArray<Rule> Rules => _store.Read(AddressFamily.IPv4)[TableKind.Filter].Find("INPUT")!.Rules;

    [Theory]
    [InlineData("-A INPUT -s one", "10.0.0.1/32")]
    [InlineData("-A INPUT -s two", "10.0.0.2/32 10.0.0.3/32")]
    [InlineData("-A INPUT -s two,alias", "10.0.0.2/32 10.0.0.3/32 10.0.0.1/32")]
    [InlineData("-I INPUT -s two", "10.0.0.3/32 10.0.0.2/32")]
    [InlineData("-A INPUT -s two/24", "10.0.0.0/24 10.0.0.0/24")]
    [InlineData("-A INPUT -s dns", "9.9.9.9/32")]
    public void Hosts_BecomeOneRuleForEachAddress(string arguments, string sources)
    {
        Assert.Equal(0, Run(arguments).ExitCode);
        Assert.Equal(sources, string.Join(' ', Rules.Select(rule => rule.Source)));
    }

    [Theory]
    [InlineData("-A INPUT -s none", "host/network `none' not found")]
    [InlineData("-A INPUT ! -s two", "! not allowed with multiple source or destination IP addresses")]
    [InlineData("-R INPUT 1 -s two", "Replacement rule does not specify a unique address")]
    [InlineData("-A INPUT -m conntrack --ctorigsrc two", "two resolves to more than one address\n")]
    [InlineData("-A INPUT -m conntrack --ctorigsrc none", "getaddrinfo: Name or service not known\n")]
    [InlineData("-A INPUT -p udp --dport www", "Port \"https\" does not resolve to anything.\n", "www", "https")]
    [InlineData("-A INPUT -p udp -m multiport --dports www", "invalid port/service `www' specified")]
    [InlineData("-A INPUT -p nothing", "unknown protocol \"nothing\" specified")]
    public void UnknownNames_AreRefused(string arguments, string message, string from = "-", string to = "-")
    {
        var outcome = Run(arguments.Replace(from, to, StringComparison.Ordinal));
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith($"iptables v1.8.9 (legacy): {message}\n", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(0, _store.Commits);
    }

    [Fact]
    public void Listing_HasNamesUnlessNumeric()
    {
        Run("-A INPUT -p tcp -s one -d 9.9.9.9 --dport www -j ACCEPT");
        Run("-A INPUT -p 47 -j ACCEPT");
        var listed = Run("-L INPUT").Output.Split('\n');
        Assert.Equal("ACCEPT     tcp  --  one                  dns                  tcp dpt:http", listed[2]);
        Assert.Equal("ACCEPT     gre  --  anywhere             anywhere            ", listed[3]);
        Assert.Equal("ACCEPT     6    --  10.0.0.1             9.9.9.9              tcp dpt:80", Run("-nL INPUT").Output.Split('\n')[2]);
    }

    private Outcome Run(string arguments) => Tools.Run(_store, "iptables", arguments.Split(' '), "", _names);
}
