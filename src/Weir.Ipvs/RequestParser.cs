using Weir.Model;

namespace Weir.Ipvs;

/// <summary>Reads a command line into a <see cref="Request"/>, or says what is wrong in ipvsadm's words and order of checks.</summary>
internal sealed class RequestParser(string programName, IReadOnlyList<string> arguments, INameResolver resolver)
{
    private const uint MaximumTimeout = 31 * 24 * 60 * 60;
    private const uint DefaultPersistence = 360;
    private const int SchedulerNameLength = 16;

    // A UDP datagram over IPv4 can carry no more.
    private const ushort LongestSyncMessage = 65535 - 20 - 8;

    private readonly WordReader _reader = new(arguments);
    private string _schedulerFlags = "";

    /// <summary>What was read; complete if <see cref="Parse"/> finds nothing wrong.</summary>
    public Request Request { get; } = new();

    /// <summary>Reads everything; returns what is wrong, or null.</summary>
    public Refusal? Parse()
    {
        if (_reader.Read() is not { } first || CommandOf(first) is not { } command) return TryHelp(programName);
        Request.Command = command;
        // These two answer without a look at the rest.
        if (command is Command.Help or Command.Version) return null;
        if (command is Command.StartDaemon or Command.StopDaemon && ReadRole() is { } wrongRole) return Refusal.Usage(wrongRole);
        while (_reader.Read() is { } word)
        {
            if (ReadWord(word) is { } wrong) return Refusal.Usage(wrong);
        }
        if (_reader.Error is { } error) return new(255, $"{_reader.Last}: {error}", EndsProgram: false);
        return (ReadOthers() ?? ReadSchedulerFlags() ?? Check()) is { } message ? Refusal.Usage(message) : null;
    }

    /// <summary>The refusal that points to the help.</summary>
    public static Refusal TryHelp(string programName) =>
        new(255, $"Try `{programName} -h' or '{programName} --help' for more information.", EndsProgram: true);

    private static Command? CommandOf(Word word) => word switch
    {
        Word.AddService => Command.AddService,
        Word.EditService => Command.EditService,
        Word.DeleteService => Command.DeleteService,
        Word.Clear => Command.Flush,
        Word.List => Command.List,
        Word.Zero => Command.Zero,
        Word.AddServer => Command.AddServer,
        Word.EditServer => Command.EditServer,
        Word.DeleteServer => Command.DeleteServer,
        Word.Set => Command.SetTimeouts,
        Word.Help => Command.Help,
        Word.Version => Command.Version,
        Word.Restore => Command.Restore,
        Word.Save => Command.Save,
        Word.StartDaemon => Command.StartDaemon,
        Word.StopDaemon => Command.StopDaemon,
        _ => null,
    };

    private string? ReadRole()
    {
        Request.SyncRole = _reader.Argument == "master" ? SyncRole.Master : SyncRole.Backup;
        if (_reader.Argument is "master" or "backup") return null;
        return Request.Command == Command.StartDaemon ? "illegal start-daemon parameter specified" : "illegal start_daemon specified";
    }

    private string? ReadWord(Word word) => word switch
    {
        Word.TcpService => Once(Option.Service) ?? ReadService(ServiceProtocol.Tcp),
        Word.UdpService => Once(Option.Service) ?? ReadService(ServiceProtocol.Udp),
        Word.SctpService => Once(Option.Service) ?? ReadService(ServiceProtocol.Sctp),
        Word.MarkService => Once(Option.Service) ?? ReadMark(),
        Word.IPv6 => ReadIPv6(),
        Word.Scheduler => Once(Option.Scheduler) ?? ReadScheduler(),
        Word.Persistent => Once(Option.Persistent) ?? ReadPersistence(),
        Word.Netmask => Once(Option.Netmask) ?? ReadNetmask(),
        Word.OnePacket => Once(Option.OnePacket) ?? Set(() => Request.Flags |= ServiceFlags.OnePacket),
        Word.PersistenceEngine => Once(Option.PersistenceEngine) ?? Set(() => Request.PersistenceEngine = Cut(_reader.Argument!)),
        Word.SchedulerFlags => Once(Option.SchedulerFlags) ?? Set(() => _schedulerFlags = _reader.Argument!),
        Word.RealServer => Once(Option.Server) ?? ReadServer(),
        Word.Masquerading => Once(Option.Forward) ?? Set(() => Request.Forwarding = ForwardingMethod.Masquerade),
        Word.Gatewaying => Once(Option.Forward) ?? Set(() => Request.Forwarding = ForwardingMethod.Route),
        Word.Ipip => Once(Option.Forward) ?? Set(() => Request.Forwarding = ForwardingMethod.Tunnel),
        Word.Weight => Number(Option.Weight, 0, int.MaxValue, "weight", value => Request.Weight = (int)value),
        Word.UpperThreshold => Number(Option.UpperThreshold, 0, int.MaxValue, "u_threshold", value => Request.UpperThreshold = (uint)value),
        Word.LowerThreshold => Number(Option.LowerThreshold, 0, int.MaxValue, "l_threshold", value => Request.LowerThreshold = (uint)value),
        Word.TunnelType => Once(Option.TunnelType) ?? ReadTunnelType(),
        Word.TunnelPort => Number(Option.TunnelPort, 1, ushort.MaxValue, "tunnel port", value => Request.TunnelPort = (ushort)value),
        Word.TunnelNoChecksum => Once(Option.TunnelNoChecksum),
        Word.TunnelChecksum => Once(Option.TunnelChecksum) ?? Set(() => Request.TunnelChecksum = TunnelChecksum.Checksum),
        Word.TunnelRemoteChecksum => Once(Option.TunnelRemoteChecksum) ?? Set(() => Request.TunnelChecksum = TunnelChecksum.RemoteChecksum),
        Word.Numeric => Once(Option.Numeric),
        Word.Connection => Once(Option.Connection),
        Word.Timeout => Once(Option.Timeout),
        Word.Daemon => Once(Option.Daemon),
        Word.Stats => Once(Option.Stats),
        Word.Rate => Once(Option.Rate),
        Word.Thresholds => Once(Option.Thresholds),
        Word.PersistentConnections => Once(Option.PersistentConnections),
        Word.TunnelInfo => Once(Option.TunnelInfo),
        Word.NoSort => Once(Option.NoSort),
        // Sorting is the default: the word is kept for old scripts.
        Word.Sort => null,
        Word.Exact => Once(Option.Exact),
        Word.SyncId => Number(Option.SyncId, 0, byte.MaxValue, "syncid", value => Request.SyncId = (byte)value),
        Word.MulticastInterface => Once(Option.MulticastInterface) ?? Set(() => Request.MulticastInterface = Cut(_reader.Argument!)),
        Word.MulticastGroup => Once(Option.MulticastGroup) ?? ReadMulticastGroup(),
        Word.MulticastPort => Number(
            Option.MulticastPort, 1, ushort.MaxValue, "mcast-port", value => Request.MulticastPort = (ushort)value),
        Word.MulticastTtl => Number(Option.MulticastTtl, 1, byte.MaxValue, "mcast-ttl", value => Request.MulticastTtl = (byte)value),
        Word.SyncMaximumLength => Number(
            Option.SyncMaximumLength, 1, LongestSyncMessage, "sync-maxlen", value => Request.SyncMaximumLength = (ushort)value),
        // A second command.
        _ => $"invalid option `{_reader.Last}'",
    };

    private string? Once(Option option)
    {
        if (Request.Options.Has(option)) return $"multiple '{CommandRules.NameOf(option)}' options specified";
        Request.Options = Request.Options.With(option);
        return null;
    }

    private static string? Set(Action set)
    {
        set();
        return null;
    }

    private string? Number(Option option, long minimum, long maximum, string name, Action<long> set)
    {
        if (Once(option) is { } multiple) return multiple;
        if (Numbers.Parse(_reader.Argument!, minimum, maximum) is not { } value) return $"illegal {name} specified";
        set(value);
        return null;
    }

    private string? ReadService(ServiceProtocol protocol)
    {
        Request.Protocol = protocol;
        if (Endpoint.Parse(_reader.Argument!, protocol, resolver) is not { } endpoint)
            return "illegal virtual server address[:port] specified";
        Request.Family = endpoint.Family;
        Request.Address = endpoint.Address;
        Request.Port = endpoint.Port ?? 0;
        if (endpoint.Family == AddressFamily.IPv6) Request.PersistenceMask = VirtualService.HostMaskIPv6;
        return null;
    }

    private string? ReadMark()
    {
        Request.Family = AddressFamily.IPv4;
        Request.Protocol = ServiceProtocol.Tcp;
        if (Numbers.Parse(_reader.Argument!, 1, uint.MaxValue) is not { } mark)
            return $"invalid fwmark value `{_reader.Argument}' specified";
        Request.Mark = (uint)mark;
        return null;
    }

    private string? ReadIPv6()
    {
        // The original ends this message with a line feed of its own.
        if (Request.Mark == 0) return "-6 used before -f\n";
        Request.Family = AddressFamily.IPv6;
        Request.PersistenceMask = VirtualService.HostMaskIPv6;
        return null;
    }

    private string? ReadScheduler()
    {
        Request.Scheduler = Cut(_reader.Argument!);
        return null;
    }

    private string? ReadPersistence()
    {
        Request.Flags |= ServiceFlags.Persistent;
        Request.PersistenceTimeout = DefaultPersistence;
        if (_reader.Argument is not { } text) return null;
        if (ReadTimeout(text, 1, out var timeout) is { } wrong) return wrong;
        Request.PersistenceTimeout = timeout;
        return null;
    }

    private string? ReadNetmask()
    {
        var text = _reader.Argument!;
        if (Request.Family == AddressFamily.IPv6)
        {
            var length = Numbers.ParseStart(text);
            if (length is < 1 or > 128) return "illegal ipv6 netmask specified";
            Request.PersistenceMask = (uint)length;
            return null;
        }
        if (Endpoint.FindAddress(text, resolver) is not { } mask) return "illegal virtual server persistent mask specified";
        Request.PersistenceMask = mask.IPv4;
        return null;
    }

    private string? ReadServer()
    {
        if (Endpoint.Parse(_reader.Argument!, Request.Protocol, resolver) is not { } endpoint)
            return "illegal real server address[:port] specified";
        Request.ServerFamily = endpoint.Family;
        Request.ServerAddress = endpoint.Address;
        Request.ServerPort = endpoint.Port ?? Request.Port;
        return null;
    }

    private string? ReadTunnelType()
    {
        TunnelType? type = _reader.Argument switch
        {
            "ipip" => TunnelType.Ipip,
            "gue" => TunnelType.Gue,
            "gre" => TunnelType.Gre,
            _ => null,
        };
        Request.TunnelType = type ?? TunnelType.Ipip;
        return type is null ? "illegal tunnel type specified" : null;
    }

    private string? ReadMulticastGroup()
    {
        var text = _reader.Argument!;
        var isIPv6 = text.Contains(':');
        if (!Address.TryParse(text, out var group) || !(isIPv6 ? group.High >> 56 == 0xff : group.IPv4 >> 28 == 0xe))
            return $"invalid {(isIPv6 ? "IPv6" : "IPv4")} mcast-group `{text}'";
        Request.MulticastGroup = group;
        return null;
    }

    private static string? ReadTimeout(string text, uint minimum, out uint timeout)
    {
        var value = Numbers.Parse(text, minimum, MaximumTimeout);
        timeout = (uint)(value ?? 0);
        return value is null ? $"invalid timeout value `{text}' specified" : null;
    }

    private string? ReadOthers()
    {
        var others = _reader.Others;
        if (Request.Command != Command.SetTimeouts) return others.Count == 0 ? null : $"unexpected argument {others[0]}";
        if (others.Count < 3) return "--set option requires 3 timeout values";
        uint tcpFin = 0, udp = 0;
        var wrong = ReadTimeout(others[0], 0, out var tcp) ?? ReadTimeout(others[1], 0, out tcpFin) ?? ReadTimeout(others[2], 0, out udp);
        Request.Timeouts = new(tcp, tcpFin, udp);
        return wrong ?? (others.Count == 3 ? null : $"unexpected argument {others[3]}");
    }

    private string? Check() => CommandRules.Check(Request.Command, Request.Options) ?? Request.Command switch
    {
        Command.AddService or Command.EditService => CheckService(),
        Command.AddServer or Command.EditServer => CheckServer(),
        Command.List => CheckList(),
        _ => null,
    };

    // Only at the end is the scheduler known, whichever of the two options came first.
    private string? ReadSchedulerFlags()
    {
        foreach (var name in _schedulerFlags.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (SchedulerFlag.Find(name) is not { } flag) return $"invalid scheduler flag `{name}'";
            if (flag.Scheduler is { } scheduler && Request.Service.Scheduler != scheduler) return $"incompatible scheduler flag `{name}'";
            Request.Flags |= flag.Flag;
        }
        return null;
    }

    private string? CheckService()
    {
        if (Request.Mark != 0) return null;
        if (Request.Port == 0 && (Request.Flags & ServiceFlags.Persistent) == 0) return "Zero port specified for non-persistent service";
        return (Request.Flags & ServiceFlags.OnePacket) != 0 && Request.Protocol != ServiceProtocol.Udp
            ? "One-Packet Scheduling is only for UDP virtual services"
            : null;
    }

    private string? CheckServer()
    {
        // Only NAT can change the port of packets whose port is known.
        if (Request.Mark == 0 && Request.Forwarding != ForwardingMethod.Masquerade) Request.ServerPort = Request.Port;
        if (Request.Forwarding == ForwardingMethod.Tunnel) return CommandRules.Check(Request.TunnelType, Request.Options);
        if (Request.Family != Request.ServerFamily) return "Different address family is allowed only for tunneling servers";
        var tunnelOptions = OptionSet.Of(
            Option.TunnelType, Option.TunnelPort, Option.TunnelNoChecksum, Option.TunnelChecksum, Option.TunnelRemoteChecksum);
        return Request.Options.HasAny(tunnelOptions) ? "Tunnel options conflict with forward method" : null;
    }

    private string? CheckList()
    {
        var options = Request.Options;
        var conflict = options.HasAny(OptionSet.Of(Option.Timeout, Option.Daemon))
            ? options.HasAny(OptionSet.Of(Option.Stats, Option.Rate, Option.Thresholds, Option.PersistentConnections))
            : options.Has(Option.Connection) && options.HasAny(OptionSet.Of(Option.Stats, Option.Rate, Option.Thresholds));
        return conflict ? "options conflicts in the list command" : null;
    }

    private static string Cut(string name) => name.Length < SchedulerNameLength ? name : name[..SchedulerNameLength];
}
