using Weir.Iptables.Tests.Support;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Iptables.Tests;

public sealed class CounterTests
{
    private readonly MemoryStore _store = new();

    private Chain Input => _store.Read(AddressFamily.IPv4)[TableKind.Filter].Find("INPUT")!;

    public CounterTests()
    {
        Iptables("-A INPUT -p tcp -j ACCEPT");
        Iptables("-A INPUT -p udp -j ACCEPT");
        foreach (var rule in Input.Rules) _store.Count(rule.Slot, 100);
        _store.Count(Input.Slot, 40);
    }

    [Fact]
    public void Zeroing_TakesAwayWhatWasReadOnly()
    {
        _store.Meanwhile = () => _store.Count(Input.Rules[0].Slot, 60);
        Iptables("-Z INPUT");
        Assert.Equal(new Counters(1, 60), Input.Rules[0].Counters);
        Assert.Equal(default, Input.Rules[1].Counters);
        Assert.Equal(default, Input.Counters);
    }

    [Fact]
    public void ListingAndZeroing_TakesAwayWhatWasPrinted()
    {
        _store.Meanwhile = () => _store.Count(Input.Rules[0].Slot, 60);
        var listed = Iptables("-nvxL INPUT -Z").Output;
        Assert.Contains("       1      100 ACCEPT", listed, StringComparison.Ordinal);
        Assert.Equal(new Counters(1, 60), Input.Rules[0].Counters);
    }

    [Fact]
    public void OtherChanges_LeaveCountersAndSlots()
    {
        var slot = Input.Rules[1].Slot;
        _store.Meanwhile = () => _store.Count(slot, 1);
        Iptables("-D INPUT 1");
        Iptables("-I INPUT -p icmp -j DROP");
        Iptables("-N other");
        Iptables("-t nat -N other");
        Assert.Equal(slot, Input.Rules[1].Slot);
        Assert.Equal(new Counters(5, 104), Input.Rules[1].Counters);
        Assert.Equal(new Counters(1, 40), Input.Counters);
    }

    [Fact]
    public void ZeroingOneRule_LeavesTheOthers()
    {
        Iptables("-Z INPUT 2");
        Assert.Equal(new Counters(1, 100), Input.Rules[0].Counters);
        Assert.Equal(default, Input.Rules[1].Counters);
    }

    [Fact]
    public void SetCounters_StartTheRuleWithThem()
    {
        Iptables("-A INPUT -j DROP -c 7 700");
        Assert.Equal(new Counters(7, 700), Input.Rules[2].Counters);
        Iptables("-R INPUT 1 -j DROP");
        Assert.Equal(default, Input.Rules[0].Counters);
    }

    [Fact]
    public void Policy_StartsCountingAnew()
    {
        Iptables("-P INPUT DROP");
        Assert.Equal(default, Input.Counters);
        Iptables("-P INPUT DROP -c 5 50");
        Assert.Equal(new Counters(5, 50), Input.Counters);
    }

    [Fact]
    public void SavedCounters_AreRestored()
    {
        var saved = Tools.Run(_store, "iptables-save", ["-c"]).Output;
        var other = new MemoryStore();
        Assert.Equal(0, Tools.Run(other, "iptables-restore", ["-c"], saved).ExitCode);
        var chain = other.Read(AddressFamily.IPv4)[TableKind.Filter].Find("INPUT")!;
        Assert.Equal(new Counters(1, 40), chain.Counters);
        Assert.Equal([new Counters(1, 100), new Counters(1, 100)], chain.Rules.Select(rule => rule.Counters));
        Assert.Equal(0, Tools.Run(other, "iptables-restore", [], saved).ExitCode);
        chain = other.Read(AddressFamily.IPv4)[TableKind.Filter].Find("INPUT")!;
        Assert.All(chain.Rules, rule => Assert.Equal(default, rule.Counters));
    }

    private Outcome Iptables(string arguments)
    {
        var outcome = Tools.Iptables(_store, arguments);
        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        return outcome;
    }
}
