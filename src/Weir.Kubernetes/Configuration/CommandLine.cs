namespace Weir.Kubernetes.Configuration;

/// <summary>
/// A command line of kube-proxy, read as Go's pflag reads it: --flag=value, --flag value, --switch, -v 2; underscores are dashes. A flag that neither
/// kube-proxy nor Weir knows is warned of, so that a command line of another version still starts a proxy.
/// </summary>
public sealed class CommandLine
{
    private static readonly Dictionary<string, Setting> s_settings = Settings.All.Where(each => each.Flag is not null).ToDictionary(each => each.Flag!);

    /// <summary>Flags that kube-proxy has and that are no settings of a file, with why they do nothing here.</summary>
    private static readonly Dictionary<string, string> s_unused = new()
    {
        ["boot-id-file"] = "it is for cadvisor",
        ["machine-id-file"] = "it is for cadvisor",
        ["log-json-info-buffer-size"] = "each line is written at once",
        ["log-json-split-stream"] = "all lines go to standard error",
        ["log-text-info-buffer-size"] = "each line is written at once",
        ["log-text-split-stream"] = "all lines go to standard error",
        ["emulated-version"] = "there is one version",
        ["emulation-forward-compatible"] = "there is one version",
        ["min-compatibility-version"] = "there is one version",
        ["runtime-config-emulation-forward-compatible"] = "there is one version",
    };

    private readonly List<(Setting Setting, object? Value)> _settings = [];

    /// <summary>What the command line says wrong; the process then exits with 1.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>What the command line says in vain.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>--config.</summary>
    public string ConfigFile { get; private set; } = "";

    /// <summary>--write-config-to.</summary>
    public string WriteConfigTo { get; private set; } = "";

    /// <summary>--master.</summary>
    public string Master { get; private set; } = "";

    /// <summary>--manifests: a folder of Services and EndpointSlices in place of an API server.</summary>
    public string Manifests { get; private set; } = "";

    /// <summary>--cleanup.</summary>
    public bool IsCleanup { get; private set; }

    /// <summary>--init-only.</summary>
    public bool IsInitOnly { get; private set; }

    /// <summary>--takeover: removes what kube-proxy left, as soon as all is programmed.</summary>
    public bool IsTakeover { get; private set; }

    /// <summary>--version.</summary>
    public bool IsVersion { get; private set; }

    /// <summary>--help.</summary>
    public bool IsHelp { get; private set; }

    /// <summary>Reads arguments.</summary>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var result = new CommandLine();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (argument == "--")
            {
                i++;
                if (i < arguments.Count) result.Errors.Add($"unknown argument {arguments[i]}");
                break;
            }
            if (!argument.StartsWith('-') || argument == "-")
            {
                result.Errors.Add($"unknown argument {argument}");
                continue;
            }
            var (name, value) = Split(argument);
            if (name == "h") name = "help";
            // A switch does not take the next argument; what is not known takes one that is no flag.
            if (value is null && !IsSwitch(name))
            {
                var hasNext = i + 1 < arguments.Count && (IsKnown(name) || !arguments[i + 1].StartsWith('-'));
                if (hasNext) value = arguments[++i];
                else if (IsKnown(name)) result.Errors.Add($"flag needs an argument: --{name}");
            }
            result.Take(name, value ?? "true");
        }
        return result;
    }

    /// <summary>All that was said and its defaults, with --config's file where one is named.</summary>
    public SettingValues Resolve(Func<string, string> readFile)
    {
        var values = new SettingValues();
        var fromFile = ConfigFile.Length > 0;
        if (fromFile)
        {
            try
            {
                var errors = new List<string>();
                var warnings = new List<string>();
                ConfigurationFile.Read(readFile(ConfigFile), values, errors, warnings);
                Errors.AddRange(errors.Select(each => $"{ConfigFile}: {each}"));
                Warnings.AddRange(warnings.Select(each => $"{ConfigFile}: {each}"));
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                Errors.Add($"{ConfigFile}: {problem.Message}");
            }
            var ignored = _settings.Where(each => !each.Setting.IsFlagAlwaysRead).Select(each => $"--{each.Setting.Flag}").Distinct().ToArray();
            if (ignored.Length > 0) Warnings.Add($"{string.Join(", ", ignored)}: not read, because --config is given");
        }
        foreach (var (setting, value) in _settings)
        {
            if (!fromFile || setting.IsFlagAlwaysRead) values.Set(setting, value);
        }
        foreach (var setting in Settings.All)
        {
            if (setting.Unused is { } reason && values.IsSet(setting) && !Equals(values.Value(setting), setting.Default) && !setting.IsZero(values.Value(setting)))
                Warnings.Add($"{(fromFile || setting.Flag is null ? setting.Path : $"--{setting.Flag}")} has no effect: {reason}");
        }
        return values;
    }

    private static (string Name, string? Value) Split(string argument)
    {
        if (!argument.StartsWith("--", StringComparison.Ordinal) && argument.Length > 2 && argument[2] != '=' && argument[1] is 'v' or 'h')
        {
            // -v2
            return (argument[1..2], argument.Length > 2 ? argument[(argument[2] == '=' ? 3 : 2)..] : null);
        }
        var text = argument.TrimStart('-');
        var equals = text.IndexOf('=');
        var name = (equals < 0 ? text : text[..equals]).Replace('_', '-');
        return (name, equals < 0 ? null : text[(equals + 1)..]);
    }

    private static bool IsSwitch(string name) =>
        name is "cleanup" or "init-only" or "takeover" or "version" or "help" || (s_settings.TryGetValue(name, out var setting) && setting.IsSwitch);

    private static bool IsKnown(string name) =>
        s_settings.ContainsKey(name) || s_unused.ContainsKey(name) || name is "config" or "write-config-to" or "master" or "manifests" or "healthz-port" or "metrics-port" || IsSwitch(name);

    private void Take(string name, string value)
    {
        if (s_settings.TryGetValue(name, out var setting))
        {
            var before = _settings.LastOrDefault(each => each.Setting == setting).Value;
            var (read, problem) = setting.FromText(value, before);
            if (problem is not null) Errors.Add($"invalid argument \"{value}\" for \"--{name}\" flag: {problem}");
            else _settings.Add((setting, read));
            return;
        }
        if (s_unused.TryGetValue(name, out var reason))
        {
            Warnings.Add($"--{name} has no effect: {reason}");
            return;
        }
        switch (name)
        {
            case "config": ConfigFile = value; break;
            case "write-config-to": WriteConfigTo = value; break;
            case "master": Master = value; break;
            case "manifests": Manifests = value; break;
            case "cleanup": IsCleanup = Switch(name, value); break;
            case "init-only": IsInitOnly = Switch(name, value); break;
            case "takeover": IsTakeover = Switch(name, value); break;
            case "version": IsVersion = value is "raw" || Switch(name, value); break;
            case "help": IsHelp = true; break;
            case "healthz-port": SetPort(Settings.HealthzBindAddress, name, value); break;
            case "metrics-port": SetPort(Settings.MetricsBindAddress, name, value); break;
            default: Warnings.Add($"--{name} is no flag of kube-proxy's or Weir's"); break;
        }
    }

    private bool Switch(string name, string value)
    {
        var (read, problem) = ValueFormat.Switch.Parse(value);
        if (problem is not null) Errors.Add($"invalid argument \"{value}\" for \"--{name}\" flag: {problem}");
        return read;
    }

    /// <summary>The deprecated flags: the port of the address; 0 is none.</summary>
    private void SetPort(Setting<string> setting, string name, string value)
    {
        Warnings.Add($"--{name} is deprecated: --{setting.Flag} says the same");
        if (!ushort.TryParse(value, out var port)) Errors.Add($"invalid argument \"{value}\" for \"--{name}\" flag: must be a port");
        else if (port == 0) _settings.Add((setting, ""));
        else _settings.Add((setting, $"{((string)setting.Default!).Split(':')[0]}:{port}"));
    }
}
