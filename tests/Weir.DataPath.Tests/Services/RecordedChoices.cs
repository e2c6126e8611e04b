using System.Text.RegularExpressions;
using Weir.DataPath.Services;

namespace Weir.DataPath.Tests.Services;

/// <summary>What Linux 6.1's ip_vs chose, connection by connection, when it was recorded (Data/ipvs-schedulers.txt).</summary>
public static partial class RecordedChoices
{
    public static readonly IReadOnlyDictionary<string, Scheduler> Schedulers = new Dictionary<string, Scheduler>
    {
        ["rr"] = Scheduler.RoundRobin,
        ["wrr"] = Scheduler.WeightedRoundRobin,
        ["lc"] = Scheduler.LeastConnection,
        ["wlc"] = Scheduler.WeightedLeastConnection,
        ["sh"] = Scheduler.SourceHashing,
        ["dh"] = Scheduler.DestinationHashing,
    };

    /// <summary>The experiments: scheduler, servers with weights, how they were asked, whom they chose.</summary>
    public static TheoryData<string, string, string, string> All()
    {
        var data = new TheoryData<string, string, string, string>();
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Data", "ipvs-schedulers.txt"));
        for (var i = 0; i + 1 < lines.Length; i++)
        {
            var match = Experiment().Match(lines[i]);
            if (match.Success && Schedulers.ContainsKey(match.Groups["scheduler"].Value))
                data.Add(match.Groups["scheduler"].Value, match.Groups["servers"].Value.Trim(), match.Groups["how"].Value, lines[i + 1].Trim());
        }
        return data;
    }

    [GeneratedRegex(@"^\[(?<scheduler>\w+)\] (add order (?<servers>[A-Z:0-9 ]+)|no server at all)[;:] (?<how>.*)$")]
    private static partial Regex Experiment();
}
