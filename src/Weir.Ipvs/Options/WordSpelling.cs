namespace Weir.Ipvs;

/// <summary>How a word is written. Long names cannot be abbreviated.</summary>
/// <param name="Word">The word.</param>
/// <param name="Name">The name after two hyphens.</param>
/// <param name="Letter">The letter after one hyphen, or '\0'.</param>
/// <param name="Argument">Whether it has an argument.</param>
internal sealed record WordSpelling(Word Word, string Name, char Letter, WordArgument Argument)
{
    private static readonly WordSpelling[] All =
    [
        new(Word.AddService, "add-service", 'A', WordArgument.None),
        new(Word.EditService, "edit-service", 'E', WordArgument.None),
        new(Word.DeleteService, "delete-service", 'D', WordArgument.None),
        new(Word.Clear, "clear", 'C', WordArgument.None),
        new(Word.List, "list", 'L', WordArgument.None),
        new(Word.List, "list", 'l', WordArgument.None),
        new(Word.Zero, "zero", 'Z', WordArgument.None),
        new(Word.AddServer, "add-server", 'a', WordArgument.None),
        new(Word.EditServer, "edit-server", 'e', WordArgument.None),
        new(Word.DeleteServer, "delete-server", 'd', WordArgument.None),
        new(Word.Set, "set", '\0', WordArgument.None),
        new(Word.Help, "help", 'h', WordArgument.None),
        new(Word.Version, "version", 'v', WordArgument.None),
        new(Word.Restore, "restore", 'R', WordArgument.None),
        new(Word.Save, "save", 'S', WordArgument.None),
        new(Word.StartDaemon, "start-daemon", '\0', WordArgument.Required),
        new(Word.StopDaemon, "stop-daemon", '\0', WordArgument.Required),
        new(Word.TcpService, "tcp-service", 't', WordArgument.Required),
        new(Word.UdpService, "udp-service", 'u', WordArgument.Required),
        new(Word.SctpService, "sctp-service", '\0', WordArgument.Required),
        new(Word.MarkService, "fwmark-service", 'f', WordArgument.Required),
        new(Word.Scheduler, "scheduler", 's', WordArgument.Required),
        new(Word.Persistent, "persistent", 'p', WordArgument.Optional),
        new(Word.Netmask, "netmask", 'M', WordArgument.Required),
        new(Word.RealServer, "real-server", 'r', WordArgument.Required),
        new(Word.Masquerading, "masquerading", 'm', WordArgument.None),
        new(Word.Ipip, "ipip", 'i', WordArgument.None),
        new(Word.Gatewaying, "gatewaying", 'g', WordArgument.None),
        new(Word.Weight, "weight", 'w', WordArgument.Required),
        new(Word.UpperThreshold, "u-threshold", 'x', WordArgument.Required),
        new(Word.LowerThreshold, "l-threshold", 'y', WordArgument.Required),
        new(Word.Numeric, "numeric", 'n', WordArgument.None),
        new(Word.Connection, "connection", 'c', WordArgument.None),
        new(Word.MulticastInterface, "mcast-interface", '\0', WordArgument.Required),
        new(Word.MulticastGroup, "mcast-group", '\0', WordArgument.Required),
        new(Word.MulticastPort, "mcast-port", '\0', WordArgument.Required),
        new(Word.MulticastTtl, "mcast-ttl", '\0', WordArgument.Required),
        new(Word.SyncMaximumLength, "sync-maxlen", '\0', WordArgument.Required),
        new(Word.SyncId, "syncid", '\0', WordArgument.Required),
        new(Word.Timeout, "timeout", '\0', WordArgument.None),
        new(Word.Daemon, "daemon", '\0', WordArgument.None),
        new(Word.Stats, "stats", '\0', WordArgument.None),
        new(Word.Rate, "rate", '\0', WordArgument.None),
        new(Word.Thresholds, "thresholds", '\0', WordArgument.None),
        new(Word.PersistentConnections, "persistent-conn", '\0', WordArgument.None),
        new(Word.NoSort, "nosort", '\0', WordArgument.None),
        new(Word.Sort, "sort", '\0', WordArgument.None),
        new(Word.Exact, "exact", 'X', WordArgument.None),
        new(Word.IPv6, "ipv6", '6', WordArgument.None),
        new(Word.OnePacket, "ops", 'o', WordArgument.None),
        new(Word.PersistenceEngine, "pe", '\0', WordArgument.Required),
        new(Word.SchedulerFlags, "sched-flags", 'b', WordArgument.Required),
        new(Word.TunnelInfo, "tun-info", '\0', WordArgument.None),
        new(Word.TunnelType, "tun-type", '\0', WordArgument.Required),
        new(Word.TunnelPort, "tun-port", '\0', WordArgument.Required),
        new(Word.TunnelChecksum, "tun-csum", '\0', WordArgument.None),
        new(Word.TunnelNoChecksum, "tun-nocsum", '\0', WordArgument.None),
        new(Word.TunnelRemoteChecksum, "tun-remcsum", '\0', WordArgument.None),
    ];

    public static WordSpelling? Find(string name) => Array.Find(All, spelling => spelling.Name == name);

    public static WordSpelling? Find(char letter) => Array.Find(All, spelling => spelling.Letter == letter && letter != '\0');
}
