using Weir.DataPath.Services;

namespace Weir.Control.Services;

/// <summary>The names of schedulers.</summary>
internal static class SchedulerNames
{
    /// <summary>Schedulers that ip_vs has and the data path does not have yet.</summary>
    private static readonly string[] s_others = ["lblc", "lblcr", "sed", "nq", "fo", "ovf", "mh", "twos"];

    public static Scheduler? TryParse(string name) => name switch
    {
        "rr" => Scheduler.RoundRobin,
        "wrr" => Scheduler.WeightedRoundRobin,
        "lc" => Scheduler.LeastConnection,
        "wlc" => Scheduler.WeightedLeastConnection,
        "sh" => Scheduler.SourceHashing,
        "dh" => Scheduler.DestinationHashing,
        _ => null,
    };

    /// <summary>Whether the kernel knows a scheduler of the name.</summary>
    public static bool IsKernels(string name) => TryParse(name) is not null || s_others.Contains(name);

    public static string Of(Scheduler scheduler) => scheduler switch
    {
        Scheduler.RoundRobin => "rr",
        Scheduler.WeightedRoundRobin => "wrr",
        Scheduler.LeastConnection => "lc",
        Scheduler.WeightedLeastConnection => "wlc",
        Scheduler.SourceHashing => "sh",
        _ => "dh",
    };
}
