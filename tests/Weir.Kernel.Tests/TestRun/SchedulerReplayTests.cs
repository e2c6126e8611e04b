using Weir.Control.Images;
using Weir.DataPath;
using Weir.DataPath.Image;
using Weir.DataPath.Services;
using Weir.DataPath.Tests.Bench;
using Weir.DataPath.Tests.Services;

namespace Weir.Kernel.Tests.TestRun;

/// <summary>
/// What Linux 6.1's ip_vs chose when it was recorded (Data/ipvs-schedulers.txt), connection by connection, chosen again by whole packets, managed and in the
/// kernel.
/// </summary>
[Collection("network")]
public sealed unsafe class SchedulerReplayTests(Twin twin) : IClassFixture<Twin>
{
    [Theory]
    [MemberData(nameof(RecordedChoices.All), MemberType = typeof(RecordedChoices))]
    public void Packets_reach_the_servers_that_ip_vs_chose(string scheduler, string servers, string how, string expected)
    {
        var empty = ImageBuilder.Empty();
        twin.Load(empty.Cells, empty.Flags | ActiveImage.Tracking | ActiveImage.Services, 0);
        var bench = new ServiceBench(RecordedChoices.Schedulers[scheduler]);
        foreach (var server in servers.Split(' ', StringSplitOptions.RemoveEmptyEntries)) bench.Add(server[..1], int.Parse(server[2..]));
        twin.Mirror();
        var manySources = how.Contains("24 sources", StringComparison.Ordinal);
        var isHeld = how.Contains("held", StringComparison.Ordinal);
        var wanted = expected.Split(' ');
        var chosen = new List<string>();
        var connections = new Dictionary<string, int>();
        for (var i = 0; i < wanted.Length; i++)
        {
            var frame = manySources ? Frame.Tcp($"10.0.1.{101 + i}", 42000, "10.9.9.9", 80, Frame.Syn) : Frame.Tcp("10.0.1.101", 41001 + i, "10.9.9.9", 80, Frame.Syn);
            var name = twin.In(frame) == TcAction.Next ? bench.NameOf(Frame.Destination(twin.Frame)) : "ECONNREFUSED";
            chosen.Add(name);
            // Before the next one the connection is open, or closed again.
            if (name != "ECONNREFUSED") connections[name] = connections.GetValueOrDefault(name) + 1;
            foreach (var (server, count) in connections)
            {
                bench.ServerOf(server)->Active = isHeld ? count : 0;
                bench.ServerOf(server)->Inactive = isHeld ? 0 : count;
            }
            twin.MirrorServers();
        }
        Assert.Equal(wanted, chosen);
    }

    [Fact]
    public void The_recording_has_all_schedulers_with_all_experiments() => Assert.Equal(6 * 12, RecordedChoices.All().Count);
}
