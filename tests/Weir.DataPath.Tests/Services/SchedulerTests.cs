using Weir.DataPath.Services;

namespace Weir.DataPath.Tests.Services;

/// <summary>Schedulers choose as Linux 6.1's ip_vs did when it was recorded (Data/ipvs-schedulers.txt), connection by connection.</summary>
[Collection("Maps")]
public sealed unsafe class SchedulerTests
{
    [Theory]
    [MemberData(nameof(RecordedChoices.All), MemberType = typeof(RecordedChoices))]
    public void Chooses_what_the_kernel_chose(string scheduler, string servers, string how, string expected)
    {
        var bench = new ServiceBench(RecordedChoices.Schedulers[scheduler]);
        foreach (var server in servers.Split(' ', StringSplitOptions.RemoveEmptyEntries)) bench.Add(server[..1], int.Parse(server[2..]));
        var manySources = how.Contains("24 sources", StringComparison.Ordinal);
        var held = how.Contains("held", StringComparison.Ordinal);
        var wanted = expected.Split(' ');
        var chosen = new List<string>();
        for (uint i = 0; i < wanted.Length; i++)
        {
            var name = manySources ? bench.Connect(0x0a000165 + i, 42000) : bench.Connect(0x0a000165, (ushort)(41001 + i));
            chosen.Add(name);
            if (name == "ECONNREFUSED") continue;
            if (held) bench.ServerOf(name)->Active++;
            else bench.ServerOf(name)->Inactive++;
        }
        Assert.Equal(wanted, chosen);
    }

    [Fact]
    public void The_recording_has_all_schedulers_with_all_experiments() => Assert.Equal(6 * 12, RecordedChoices.All().Count);

    [Fact]
    public void Round_robin_goes_on_where_a_removed_server_was()
    {
        var bench = new ServiceBench(Scheduler.RoundRobin);
        foreach (var name in new[] { "A", "B", "C", "D" }) bench.Add(name, 1);
        Assert.Equal(["D", "C"], [bench.Connect(1), bench.Connect(1)]);
        bench.Remove("C");
        Assert.Equal(["B", "A", "D"], [bench.Connect(1), bench.Connect(1), bench.Connect(1)]);
    }

    [Fact]
    public void Round_robin_keeps_its_place_when_a_server_is_added()
    {
        var bench = new ServiceBench(Scheduler.RoundRobin);
        foreach (var name in new[] { "A", "B", "C" }) bench.Add(name, 1);
        Assert.Equal("C", bench.Connect(1));
        bench.Add("D", 1);
        Assert.Equal(["B", "A", "D", "C"], [bench.Connect(1), bench.Connect(1), bench.Connect(1), bench.Connect(1)]);
    }

    [Fact]
    public void Weighted_round_robin_refuses_when_all_servers_are_overloaded()
    {
        var bench = new ServiceBench(Scheduler.WeightedRoundRobin);
        bench.Add("A", 3);
        bench.Add("B", 7);
        for (var i = 0; i < 5; i++) bench.Connect(1);
        bench.ServerOf("A")->Overloaded = 1;
        bench.ServerOf("B")->Overloaded = 1;
        Assert.Equal("ECONNREFUSED", bench.Connect(1));
        bench.ServerOf("A")->Overloaded = 0;
        Assert.Equal("A", bench.Connect(1));
    }

    [Fact]
    public void Source_hashing_falls_back_only_when_it_is_told_to()
    {
        foreach (var flags in new[] { ServiceFlags.None, ServiceFlags.Scheduler1 })
        {
            var bench = new ServiceBench(Scheduler.SourceHashing, flags: flags);
            foreach (var name in new[] { "A", "B", "C" }) bench.Add(name, 1);
            var first = bench.Connect(0x0a000165);
            bench.ServerOf(first)->Weight = 0;
            if (flags == ServiceFlags.None) Assert.Equal("ECONNREFUSED", bench.Connect(0x0a000165));
            else Assert.NotEqual(first, bench.Connect(0x0a000165));
        }
    }
}
