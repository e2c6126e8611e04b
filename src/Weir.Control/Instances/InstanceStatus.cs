using Weir.Control.Images;
using Weir.DataPath;
using Weir.DataPath.Flows;
using Weir.DataPath.Image;

namespace Weir.Control.Instances;

/// <summary>What <c>weir status</c> says of an instance.</summary>
/// <param name="Rules">Rules of all tables.</param>
/// <param name="ImageBytes">The size of the live rule image, its text included.</param>
/// <param name="Generation">How often the rules were changed.</param>
/// <param name="Tables">How full the tables are.</param>
/// <param name="Counts">What the data path has counted besides rules.</param>
public sealed record InstanceStatus(
    int Rules, int ImageBytes, ulong Generation, IReadOnlyList<(string Name, int Entries, uint Capacity)> Tables, IReadOnlyList<(string Name, ulong Count)> Counts)
{
    /// <summary>Reads it; walks the flow tables.</summary>
    public static InstanceStatus Read(Instance instance)
    {
        var image = instance.ReadImage();
        return new(RulesOf(image), image.Length * Cell.Size, image.Length == 0 ? 0 : RuleImage.HeaderOf(image).Generation,
            [.. ((string[])[nameof(Maps.Flows), nameof(Maps.Replies), nameof(Maps.ConnLimits), nameof(Maps.Services), nameof(Maps.Templates)])
                .Select(name => (name.ToLowerInvariant(), instance.CountEntries(name), instance.Map(name).Info.MaxEntries))],
            CountsOf(instance));
    }

    private static int RulesOf(ReadOnlySpan<Cell> image)
    {
        var rules = 0;
        foreach (ref readonly var cell in RuleImage.RunsOf(image))
        {
            if (cell.Kind == CellKind.Rule4) rules++;
        }
        return rules;
    }

    private static List<(string, ulong)> CountsOf(Instance instance)
    {
        var sum = default(Stats);
        foreach (var each in instance.Map(nameof(Maps.Stats)).AsPerCpuArray<Stats>().Get(0))
        {
            sum.FlowsCreated += each.FlowsCreated;
            sum.FlowsExpired += each.FlowsExpired;
            sum.FlowsEvicted += each.FlowsEvicted;
            sum.FlowsFull += each.FlowsFull;
            sum.NoPort += each.NoPort;
            sum.InvalidPackets += each.InvalidPackets;
            sum.MalformedDropped += each.MalformedDropped;
            sum.FragmentsUnknown += each.FragmentsUnknown;
            sum.LogsLost += each.LogsLost;
            sum.WalkOverruns += each.WalkOverruns;
            sum.ServiceNoServer += each.ServiceNoServer;
            sum.RewriteFailed += each.RewriteFailed;
            sum.AnswersFailed += each.AnswersFailed;
            sum.SentByXdp += each.SentByXdp;
        }
        return
        [
            ("flows created", sum.FlowsCreated),
            ("flows expired", sum.FlowsExpired),
            ("flows evicted", sum.FlowsEvicted),
            ("drops: flows full", sum.FlowsFull),
            ("drops: no port", sum.NoPort),
            ("invalid packets", sum.InvalidPackets),
            ("drops: malformed", sum.MalformedDropped),
            ("drops: fragments", sum.FragmentsUnknown),
            ("log lines lost", sum.LogsLost),
            ("drops: chains", sum.WalkOverruns),
            ("services: no server", sum.ServiceNoServer),
            ("drops: rewriting", sum.RewriteFailed),
            ("rejected, unanswered", sum.AnswersFailed),
            ("sent by XDP", sum.SentByXdp),
        ];
    }
}
