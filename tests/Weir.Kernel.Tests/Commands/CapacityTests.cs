using System.Text;
using Weir.Kernel.Tests.Networks;

namespace Weir.Kernel.Tests.Commands;

/// <summary>What does not fit is refused whole, with the reason; what was there stays.</summary>
[Collection("network")]
public sealed class CapacityTests : IDisposable
{
    private readonly NetworkNamespace _place = new("capacity");

    public void Dispose()
    {
        _place.Execute([Shell.Weir("weir"), "down"]);
        _place.Dispose();
    }

    [Fact]
    public void A_restore_that_does_not_fit_leaves_the_old_rules()
    {
        _place.Run($"{Shell.Weir("iptables")} -A INPUT -s 192.0.2.1 -j DROP");
        var before = _place.Run($"{Shell.Weir("iptables")} -S");
        var rules = new StringBuilder("*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        for (var i = 0; i < 500_000; i++) rules.Append($"-A INPUT -s 10.{i >> 16}.{i >> 8 & 255}.{i & 255}/32 -p tcp -m tcp --dport {i % 65536} -j ACCEPT\n");
        var (code, output, error) = _place.Execute([Shell.Weir("iptables-restore")], rules.Append("COMMIT\n").ToString());
        Assert.Equal((1, ""), (code, output));
        Assert.Matches("the rules take [0-9]+ cells of 64 bytes; an image has at most 1048576", error);
        Assert.Equal(before, _place.Run($"{Shell.Weir("iptables")} -S"));
    }

    [Fact]
    public void The_status_says_what_rules_take()
    {
        var rules = new StringBuilder("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        for (var i = 0; i < 5000; i++) rules.Append($"-A INPUT -s 10.0.{i >> 8}.{i & 255}/32 -j DROP\n");
        _place.Run(Shell.Weir("iptables-restore"), rules.Append("COMMIT\n").ToString());
        Assert.Matches(@"\nrules       5000 in \d+ bytes \((1\d\d|2\d\d) a rule\), generation \d+\n", _place.Run($"{Shell.Weir("weir")} status"));
    }
}
