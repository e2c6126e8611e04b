using Weir.Model;

namespace Weir.Ipvs;

/// <summary>A flag of a scheduler as ipvsadm names it.</summary>
/// <param name="Name">The name.</param>
/// <param name="Scheduler">The scheduler that it belongs to, or null for the nameless ones.</param>
/// <param name="Flag">The flag.</param>
internal sealed record SchedulerFlag(string Name, string? Scheduler, ServiceFlags Flag)
{
    public const ServiceFlags Mask = ServiceFlags.Scheduler1 | ServiceFlags.Scheduler2 | ServiceFlags.Scheduler3;

    private static readonly SchedulerFlag[] All =
    [
        new("flag-1", null, ServiceFlags.Scheduler1),
        new("flag-2", null, ServiceFlags.Scheduler2),
        new("flag-3", null, ServiceFlags.Scheduler3),
        new("sh-fallback", "sh", ServiceFlags.Scheduler1),
        new("sh-port", "sh", ServiceFlags.Scheduler2),
        new("mh-fallback", "mh", ServiceFlags.Scheduler1),
        new("mh-port", "mh", ServiceFlags.Scheduler2),
    ];

    public static SchedulerFlag? Find(string name) => Array.Find(All, flag => flag.Name == name);

    /// <summary>The flags by the scheduler's own names if it has any, joined by commas; a flag without such a name is left out.</summary>
    public static string Text(string scheduler, ServiceFlags flags)
    {
        var owner = Array.Exists(All, flag => flag.Scheduler == scheduler) ? scheduler : null;
        return string.Join(',', All.Where(flag => flag.Scheduler == owner && (flags & flag.Flag) != 0).Select(flag => flag.Name));
    }
}
