using Weir.Model;

namespace Weir.Ipvs;

/// <summary>
/// The commands ipvsadm, ipvsadm-save and ipvsadm-restore, with the syntax, listings, messages and exit codes of ipvsadm 1.31:
/// 2 for a wrong option or value, 255 for what the option parser or the store refuses, 1 for a listing of a missing service.
/// </summary>
public sealed class IpvsadmCommand
{
    private const int Refused = 255;

    private readonly string _programName;
    private readonly TextReader _input;
    private readonly TextWriter _output;
    private readonly TextWriter _error;
    private readonly IServiceStore _store;
    private readonly INameResolver _resolver;

    private IpvsadmCommand(
        string programName, TextReader input, TextWriter output, TextWriter error, IServiceStore store, INameResolver resolver)
    {
        _programName = programName;
        _input = input;
        _output = output;
        _error = error;
        _store = store;
        _resolver = resolver;
    }

    /// <summary>Runs a command.</summary>
    /// <param name="programName">The name that the program was called by: ipvsadm, ipvsadm-save or ipvsadm-restore, perhaps with a path.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="input">What -R reads.</param>
    /// <param name="output">What listings are written to.</param>
    /// <param name="error">What messages are written to.</param>
    /// <param name="store">The services.</param>
    /// <param name="resolver">The names of hosts and ports.</param>
    /// <returns>The exit code.</returns>
    public static int Run(
        string programName, IReadOnlyList<string> arguments, TextReader input, TextWriter output, TextWriter error,
        IServiceStore store, INameResolver resolver)
    {
        var name = Path.GetFileName(programName);
        // The other two are scripts around it.
        var shownName = name is "ipvsadm-save" or "ipvsadm-restore" ? "ipvsadm" : programName;
        var command = new IpvsadmCommand(shownName, input, output, error, store, resolver);
        return name switch
        {
            "ipvsadm-save" => command.Save(arguments),
            "ipvsadm-restore" => command.Restore(),
            _ => command.Execute(arguments, isRestoring: false).ExitCode,
        };
    }

    /// <summary>Says that there is no store to run a command on, as ipvsadm does for users other than root, whatever the command.</summary>
    /// <param name="error">What the message is written to.</param>
    /// <param name="reason">Why, such as "Permission denied (you must be root)".</param>
    /// <returns>The exit code.</returns>
    public static int ReportNoStore(TextWriter error, string reason)
    {
        error.Write($"Can't initialize ipvs: {reason}\nAre you sure that IP Virtual Server is built in the kernel or as module?\n");
        return 2;
    }

    private int Save(IReadOnlyList<string> arguments)
    {
        if (arguments.Any(argument => argument.StartsWith('-') && argument != "-n"))
        {
            _error.Write("ipvsadm-save: Script to save the IPVS table to stdout.\n");
            _error.Write("   With the -n option, prints out the table in numeric format.\n");
            return 1;
        }
        return Execute(arguments.Contains("-n") ? ["-S", "-n"] : ["-S"], isRestoring: false).ExitCode;
    }

    // All input is read before the table is cleared, as in the original script.
    private int Restore()
    {
        var lines = RestoreInput.Lines(_input).Where(line => !line.StartsWith('#')).ToList();
        var flushed = Execute(["-C"], isRestoring: false);
        return flushed.ExitCode == 0 ? RestoreLines(lines).ExitCode : flushed.ExitCode;
    }

    private Ending RestoreLines(IEnumerable<string> lines)
    {
        var ending = default(Ending);
        // All is read first: nobody else's change waits for a slow writer.
        var all = lines.ToList();
        using var batch = _store.Batch();
        foreach (var line in all)
        {
            var words = RestoreInput.Words(line);
            if (words.Count == 0) continue;
            ending = Execute(words, isRestoring: true);
            if (ending.EndsProgram) break;
        }
        return ending;
    }

    private Ending Execute(IReadOnlyList<string> arguments, bool isRestoring)
    {
        if (arguments.Count == 0) arguments = ["-L"];
        var parser = new RequestParser(_programName, arguments, _resolver);
        if (parser.Parse() is { } refusal) return End(refusal);
        var request = parser.Request;
        switch (request.Command)
        {
            case Command.Help:
                _output.Write(Usage.Help);
                return new(0, EndsProgram: true);
            case Command.Version:
                _output.Write(Usage.Version);
                return new(0, EndsProgram: true);
            case Command.List:
                return List(request);
            case Command.Save:
                new RuleListing(_output, new(_resolver, request.Options.Has(Option.Numeric))).Write(_store.List());
                return default;
            case Command.Restore:
                return isRestoring ? End(RequestParser.TryHelp(_programName)) : RestoreLines(RestoreInput.Lines(_input));
            default:
                return Change(request);
        }
    }

    private Ending End(Refusal refusal)
    {
        _error.Write($"{refusal.Text}\n");
        return new(refusal.ExitCode, refusal.EndsProgram);
    }

    private Ending Change(Request request)
    {
        var result = request.Command switch
        {
            Command.AddService => _store.Add(request.Service),
            Command.EditService => _store.Edit(request.Service),
            Command.DeleteService => _store.Delete(request.Key),
            Command.Flush => _store.Flush(),
            Command.AddServer => _store.AddServer(request.Key, request.Server),
            Command.EditServer => _store.EditServer(request.Key, request.Server),
            Command.DeleteServer => _store.DeleteServer(request.Key, request.ServerKey),
            Command.Zero => _store.Zero(request.Options.Has(Option.Service) ? request.Key : null),
            Command.SetTimeouts => _store.SetTimeouts(request.Timeouts),
            Command.StartDaemon => _store.StartDaemon(request.Daemon),
            Command.StopDaemon => _store.StopDaemon(request.SyncRole),
            _ => throw new InvalidOperationException($"{request.Command} changes nothing"),
        };
        if (result.IsDone) return default;
        _error.Write($"{Messages.Of(request.Command, result)}\n");
        return new(Refused, EndsProgram: false);
    }

    private Ending List(Request request)
    {
        var options = request.Options;
        var names = new EndpointNames(_resolver, options.Has(Option.Numeric));
        if (options.Has(Option.Connection))
        {
            new ConnectionListing(_output, names, options.Has(Option.PersistentConnections)).Write(_store.Connections());
        }
        else if (options.Has(Option.Service))
        {
            if (_store.Find(request.Key) is not { } service) return End(new(1, "No such service", EndsProgram: true));
            var listing = Listing(options, names);
            listing.WriteTitles();
            listing.Write(service);
        }
        else if (options.Has(Option.Timeout))
        {
            var timeouts = _store.Timeouts();
            _output.Write($"Timeout (tcp tcpfin udp): {timeouts.Tcp} {timeouts.TcpFin} {timeouts.Udp}\n");
        }
        else if (options.Has(Option.Daemon))
        {
            foreach (var daemon in _store.Daemons()) WriteDaemon(daemon);
        }
        else
        {
            var services = _store.List();
            _output.Write($"IP Virtual Server version 1.2.1 (size={_store.ConnectionTableSize})\n");
            var listing = Listing(options, names);
            listing.WriteTitles();
            listing.Write(services);
        }
        return default;
    }

    private ServiceListing Listing(OptionSet options, EndpointNames names)
    {
        var format = options.Has(Option.Stats) ? ListFormat.Stats
            : options.Has(Option.Rate) ? ListFormat.Rate
            : options.Has(Option.Thresholds) ? ListFormat.Thresholds
            : options.Has(Option.PersistentConnections) ? ListFormat.PersistentConnections
            : options.Has(Option.TunnelInfo) ? ListFormat.TunnelInfo
            : ListFormat.Plain;
        return new(_output, names, format, options.Has(Option.Exact), sort: !options.Has(Option.NoSort));
    }

    private void WriteDaemon(SyncDaemon daemon)
    {
        var role = daemon.Role == SyncRole.Master ? "master" : "backup";
        _output.Write($"{role} sync daemon (mcast={daemon.Interface}, syncid={daemon.SyncId}, maxlen={daemon.MaximumLength}, ");
        _output.Write($"group={daemon.Group}, port={daemon.Port}, ttl={daemon.TimeToLive})\n");
    }

    private readonly record struct Ending(int ExitCode, bool EndsProgram);
}
