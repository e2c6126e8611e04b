using System.Diagnostics;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Engine;

/// <summary>What 10,000 Services cost, the store and the kernel apart.</summary>
[Collection(Alone.Name)]
public sealed class ScaleTests
{
    [Fact]
    public void Ten_thousand_services_are_a_matter_of_milliseconds()
    {
        var bench = new ProxyBench(new ProxyOptions { NodeName = "here" });
        bench.Network.Local.Add(Address.Parse("192.0.2.1"));
        var services = Enumerable.Range(0, 10_000).Select(static i => Make.Service($"s{i}", $"10.96.{i / 250}.{i % 250 + 1}")).ToList();
        var slices = Enumerable.Range(0, 10_000).Select(static i => Make.Slice($"s{i}", $"10.1.{i / 250}.{i % 250 + 1}", $"10.2.{i / 250}.{i % 250 + 1}")).ToList();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var processor = Environment.CpuUsage.TotalTime;
        bench.Start(services, slices);
        var first = Environment.CpuUsage.TotalTime - processor;
        Assert.Equal(10_000, bench.Store.Services.Count);
        bench.Store.Changes.Clear();
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;

        // The quickest of some: others want the processor too.
        var change = TimeSpan.MaxValue;
        for (var i = 1; i <= 20; i++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            var slice = Make.Slice("s5000", $"10.3.0.{i}");
            var start = Stopwatch.GetTimestamp();
            bench.Proxy.Set(slice);
            bench.Proxy.Step();
            var took = Stopwatch.GetElapsedTime(start);
            if (took < change) change = took;
            Assert.Single(bench.Store.Changes[^1].Set);
        }

        // Processor time, because other programs run beside this one; the bound is wide of the tenth of a second that it takes.
        Assert.True(first < TimeSpan.FromSeconds(2), $"first {first}");
        Assert.True(change < TimeSpan.FromMilliseconds(5), $"change {change}");
        Assert.True(memory < 40 << 20, $"memory {memory >> 10} KB");
    }
}
