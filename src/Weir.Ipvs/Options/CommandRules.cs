using static Weir.Ipvs.Option;

namespace Weir.Ipvs;

/// <summary>Which options a command or a tunnel type needs, takes, and takes one of.</summary>
internal sealed class CommandRules
{
    private static readonly string[] Names =
    [
        "numeric", "connection", "service-address", "scheduler", "persistent", "netmask", "real-server", "forwarding-method", "weight",
        "u-threshold", "l-threshold", "mcast-interface", "timeout", "daemon", "stats", "rate", "thresholds", "persistent-conn", "nosort",
        "syncid", "exact", "ops", "pe", "sched-flags", "mcast-group", "mcast-port", "mcast-ttl", "sync-maxlen", "tun-info", "tun-type",
        "tun-port", "tun-nocsum", "tun-csum", "tun-remcsum",
    ];

    private static readonly OptionSet ServiceOptions =
        OptionSet.Of(Scheduler, Persistent, Netmask, OnePacket, PersistenceEngine, SchedulerFlags);

    private static readonly OptionSet ServerOptions = OptionSet.Of(
        Forward, Weight, UpperThreshold, LowerThreshold, TunnelType, TunnelPort, TunnelNoChecksum, TunnelChecksum, TunnelRemoteChecksum);

    private static readonly Dictionary<Command, CommandRules> Commands = new()
    {
        [Command.AddService] = new("the 'add-service' command") { Needs = OptionSet.Of(Service), Takes = ServiceOptions },
        [Command.EditService] = new("the 'edit-service' command") { Needs = OptionSet.Of(Service), Takes = ServiceOptions },
        [Command.DeleteService] = new("the 'delete-service' command") { Needs = OptionSet.Of(Service) },
        [Command.Flush] = new("the 'flush' command"),
        [Command.List] = new("the 'list' command")
        {
            Takes = OptionSet.Of(Numeric, Stats, Rate, Thresholds, PersistentConnections, NoSort, SyncId, Exact, TunnelInfo),
            TakesOneOf = OptionSet.Of(Connection, Service, Option.Timeout, Daemon),
        },
        [Command.AddServer] = new("the 'add-server' command") { Needs = OptionSet.Of(Service, Server), Takes = ServerOptions },
        [Command.EditServer] = new("the 'edit-server' command") { Needs = OptionSet.Of(Service, Server), Takes = ServerOptions },
        [Command.DeleteServer] = new("the 'delete-server' command") { Needs = OptionSet.Of(Service, Server) },
        [Command.SetTimeouts] = new("the 'set' command"),
        [Command.StartDaemon] = new("the 'start-daemon' command")
        {
            Takes = OptionSet.Of(MulticastInterface, SyncId, MulticastGroup, MulticastPort, MulticastTtl, SyncMaximumLength),
        },
        [Command.StopDaemon] = new("the 'stop-daemon' command") { Takes = OptionSet.Of(SyncId) },
        [Command.Restore] = new("the 'restore' command"),
        [Command.Save] = new("the 'save' command") { Takes = OptionSet.Of(Numeric) },
        [Command.Zero] = new("the 'zero' command") { Takes = OptionSet.Of(Service) },
    };

    private static readonly Dictionary<Model.TunnelType, CommandRules> Tunnels = new()
    {
        [Model.TunnelType.Ipip] = new("the 'ipip' tunnel type"),
        [Model.TunnelType.Gue] = new("the 'gue' tunnel type")
        {
            Needs = OptionSet.Of(TunnelPort),
            TakesOneOf = OptionSet.Of(TunnelNoChecksum, TunnelChecksum, TunnelRemoteChecksum),
        },
        [Model.TunnelType.Gre] = new("the 'gre' tunnel type") { TakesOneOf = OptionSet.Of(TunnelNoChecksum, TunnelChecksum) },
    };

    private readonly string _subject;

    private CommandRules(string subject) => _subject = subject;

    private OptionSet Needs { get; init; }

    private OptionSet Takes { get; init; }

    private OptionSet TakesOneOf { get; init; }

    /// <summary>The option's name in messages.</summary>
    public static string NameOf(Option option) => Names[(int)option];

    /// <summary>The message about the first option that the command lacks or does not take, or null.</summary>
    public static string? Check(Command command, OptionSet options) => Commands[command].Check(options, Numeric, TunnelRemoteChecksum);

    /// <summary>The message about the first option that the tunnel type lacks or does not take, or null.</summary>
    public static string? Check(Model.TunnelType type, OptionSet options) => Tunnels[type].Check(options, TunnelPort, TunnelRemoteChecksum);

    private string? Check(OptionSet options, Option first, Option last)
    {
        Option? chosen = null;
        for (var option = first; option <= last; option++)
        {
            var present = options.Has(option);
            if (!present && Needs.Has(option)) return $"You need to supply the '{NameOf(option)}' option for {_subject}";
            if (!present || Needs.Has(option) || Takes.Has(option)) continue;
            if (!TakesOneOf.Has(option)) return $"Illegal '{NameOf(option)}' option with {_subject}";
            if (chosen is { } other) return $"The option '{NameOf(option)}' conflicts with the '{NameOf(other)}' option in {_subject}";
            chosen = option;
        }
        return null;
    }
}
