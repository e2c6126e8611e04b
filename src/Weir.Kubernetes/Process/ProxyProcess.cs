using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Api;
using Weir.Kubernetes.Configuration;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Logging;
using Weir.Kubernetes.Manifests;
using Weir.Kubernetes.Serving;
using Weir.Model;

namespace Weir.Kubernetes.Process;

/// <summary>
/// The process that stands in kube-proxy's place: its command line in, its exit code out, and in between a source of objects, the engine that turns them into
/// virtual services, and what others ask of a proxy. Whatever ends it, services stay in force.
/// </summary>
public sealed class ProxyProcess
{
    private static readonly TimeSpan s_nodeLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_podPrefixLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_bindRetry = TimeSpan.FromSeconds(5);

    private readonly Func<ILoggerFactory, INodeControl> _control;
    private readonly TextWriter _output;
    private readonly TextWriter _errors;
    private readonly string _hostName;
    private readonly TimeProvider _time;

    /// <summary>A process.</summary>
    /// <param name="control">Opens the node, when it is clear that there is something to do.</param>
    /// <param name="output">For --version and --help.</param>
    /// <param name="errors">For the log.</param>
    /// <param name="hostName">This machine's name.</param>
    /// <param name="time">The clock.</param>
    public ProxyProcess(Func<ILoggerFactory, INodeControl> control, TextWriter output, TextWriter errors, string hostName, TimeProvider? time = null)
    {
        _control = control;
        _output = output;
        _errors = errors;
        _hostName = hostName;
        _time = time ?? TimeProvider.System;
    }

    private static string Version => (Assembly.GetEntryAssembly() ?? typeof(ProxyProcess).Assembly).GetName().Version?.ToString(3) ?? "";

    /// <summary>Runs until it is cancelled (0), fails, or is to be started anew (1).</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var command = CommandLine.Parse(arguments);
        if (command.IsHelp)
        {
            _output.Write(Usage.Text());
            return 0;
        }
        if (command.IsVersion)
        {
            _output.Write($"Weir v{Version}\n");
            return 0;
        }
        var values = command.Resolve(File.ReadAllText);
        var configuration = ProxyConfiguration.TryMake(values, _hostName, command.Errors, command.Warnings);
        if (configuration is null || command.Errors.Count > 0)
        {
            foreach (var error in command.Errors) _errors.Write($"Error: {error}\n");
            return 1;
        }
        if (command.WriteConfigTo.Length > 0)
        {
            File.WriteAllText(command.WriteConfigTo, ConfigurationFile.Write(values));
            return 0;
        }
        using var lines = new LogLines(_errors, configuration.LogsJson, configuration.Verbosity, _time);
        var logger = lines.CreateLogger("proxy");
        foreach (var warning in command.Warnings) logger.LogWarning("{warning}", warning);
        try
        {
            var control = _control(lines);
            if (command.IsCleanup)
            {
                control.CleanUp();
                return 0;
            }
            control.Network.Prepare(configuration.Options.IsArpStrict);
            control.SetTimeouts(configuration.FlowTimeouts, configuration.ServiceTimeouts);
            if (command.IsInitOnly) return 0;
            control.AdjustOomScore(configuration.OomScoreAdjust);
            return await ServeAsync(command, values, configuration, control, lines, logger, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 0;
        }
        catch (ConnectionException problem)
        {
            logger.LogError("The API server: {problem}", problem.Message);
            return 1;
        }
    }

    private async Task<int> ServeAsync(
        CommandLine command, SettingValues values, ProxyConfiguration configuration, INodeControl control, LogLines lines, ILogger logger, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var api = command.Manifests.Length > 0 ? null : Connect(configuration, command.Master);
        var events = api is null ? null : new EventRecorder(api, configuration.NodeName, logger, _time);
        var (options, podPrefixes) = await CompleteAsync(configuration, control, api, logger, cancellation);
        if (configuration.DetectLocalMode == DetectLocalMode.NodeCidr && options.PodPrefixes.Count == 0) return 1;

        var engine = new ServiceProxy(options, control.Store, control.Network, lines.CreateLogger<ServiceProxy>(), _time);
        var health = new ProxyHealth(engine, options.SyncPeriod, _time);
        // A machine is there, whether or not a manifest says so.
        var observer = new NodeObserver(engine, podPrefixes, api is null ? options.NodeName : null);
        var manifests = api is null ? new ManifestFolder(command.Manifests, observer, lines.CreateLogger<ManifestFolder>(), _time) : null;
        var source = api is null ? null : new ApiSource(api, observer, options.NodeName, lines.CreateLogger("api"), _time);
        using var metrics = new ProxyMetrics(engine, health, control.ReadStatus, () => source?.Ignored ?? []);
        if (api is not null) api.Answered += (method, status) => metrics.Requests.Add(((int)status).ToString(System.Globalization.CultureInfo.InvariantCulture), api.Host, method.Method);
        var firstSync = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Synchronized += report =>
        {
            if (!report.IsFailed) firstSync.TrySetResult();
        };

        var metricsAddress = new MetricsAddress(metrics.Write, options.Mode, ConfigurationFile.ToJson(values));
        List<Task<int>> endings =
        [
            ServeAtAsync(configuration.Healthz, health.Answer, "FailedToStartProxierHealthcheck", configuration.IsBindRequired, events, logger, end.Token),
            ServeAtAsync(configuration.Metrics, metricsAddress.Answer, "FailedToStartMetricServer", configuration.IsBindRequired, events, logger, end.Token),
        ];
        await using var ports = new HealthCheckPorts(
            engine, health, logger, (check, note) => events?.HealthCheckFailedAsync(check.Namespace, check.Name, note, end.Token) ?? Task.CompletedTask, _time);
        endings.Add(UntilAsync(ports.RunAsync(end.Token), 0));
        endings.Add(UntilAsync(engine.RunAsync(end.Token), 0));
        endings.Add(UntilAsync(source?.RunAsync(end.Token) ?? manifests!.RunAsync(end.Token), 0));
        endings.Add(UntilAsync(control.FollowAsync(end.Token), 0));
        if (command.IsTakeover) endings.Add(TakeOverAsync(firstSync.Task, control, options, logger, end.Token));
        if (command.ConfigFile.Length > 0) endings.Add(EndWithAsync(new ConfigurationWatcher(command.ConfigFile, _time).WaitForChangeAsync(end.Token), "the configuration file has changed", logger));
        endings.Add(EndWithAsync(observer.PodPrefixesChanged.WaitAsync(end.Token), "the node's pod prefixes have changed", logger));
        if (events is not null) _ = events.StartedAsync(end.Token);
        logger.LogInformation("Weir v{version} serves node {node} from {source}", Version, options.NodeName, api?.Host ?? command.Manifests);

        // The first to end says how; a fault goes up once the others are at rest.
        var first = await Task.WhenAny(endings);
        await end.CancelAsync();
        await Task.WhenAll(endings.Select(each => each.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)));
        return cancellation.IsCancellationRequested ? 0 : await first;
    }

    private static ApiConnection Connect(ProxyConfiguration configuration, string master)
    {
        var (client, proxy) = Kubeconfig.Load(configuration.Kubeconfig, master);
        return new ApiConnection(client, $"weir/{Version}", proxy);
    }

    /// <summary>The options with what only the node knows.</summary>
    private async Task<(ProxyOptions Options, IReadOnlyList<string>? PodPrefixes)> CompleteAsync(
        ProxyConfiguration configuration, INodeControl control, ApiConnection? api, ILogger logger, CancellationToken cancellation)
    {
        var options = configuration.Options;
        var lookup = api is null ? null : new NodeLookup(api, options.NodeName, logger, _time);
        var addresses = lookup is null ? control.Network.Addresses() : await lookup.WaitForAddressesAsync(s_nodeLimit, cancellation);
        if (addresses.Count == 0)
        {
            logger.LogWarning("The node's addresses are not known: loopback stands in for them");
            addresses = [Address.Parse("127.0.0.1"), Address.Parse("::1")];
        }
        if (configuration.BindAddress is { } own) addresses = [own, .. addresses.Where(each => each != own)];
        options = options with { NodeAddresses = [.. addresses] };
        if (configuration.DetectLocalMode != DetectLocalMode.NodeCidr) return (options, null);
        var prefixes = lookup is null ? [] : await lookup.WaitForPodPrefixesAsync(s_podPrefixLimit, cancellation);
        if (prefixes.Count == 0) logger.LogError("detect-local mode NodeCIDR needs the node's pod prefixes, and there are none");
        return (options with { PodPrefixes = [.. prefixes.Select(text => Validation.TryParsePrefix(text, out var prefix) ? prefix : (AddressMask?)null).OfType<AddressMask>()] }, prefixes);
    }

    /// <summary>Serves until it is cancelled; an address that is taken is tried again, unless it is required.</summary>
    private async Task<int> ServeAtAsync(
        IPEndPoint? endPoint, Func<string, HttpAnswer> answer, string reason, bool isRequired, EventRecorder? events, ILogger logger, CancellationToken cancellation)
    {
        var isSaid = false;
        try
        {
            while (endPoint is not null)
            {
                try
                {
                    await using var server = new HttpServer(endPoint, answer);
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                }
                catch (SocketException problem)
                {
                    var note = $"failed to listen on {endPoint}: {problem.Message}";
                    if (!isSaid)
                    {
                        logger.LogError("{problem}", note);
                        if (events is not null) await events.WarnAsync(reason, note, cancellation);
                        isSaid = true;
                    }
                    if (isRequired) return 1;
                }
                await Task.Delay(s_bindRetry, _time, cancellation);
            }
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        }
        catch (OperationCanceledException)
        {
        }
        return 0;
    }

    private static async Task<int> TakeOverAsync(Task firstSync, INodeControl control, ProxyOptions options, ILogger logger, CancellationToken cancellation)
    {
        await firstSync.WaitAsync(cancellation);
        logger.LogInformation("Everything is programmed: removing what kube-proxy made");
        await control.TakeOverAsync([.. options.ExcludedPrefixes], cancellation);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        return 0;
    }

    private static async Task<int> UntilAsync(Task task, int code)
    {
        await task;
        return code;
    }

    private static async Task<int> EndWithAsync(Task change, string what, ILogger logger)
    {
        await change;
        logger.LogError("Ending, to be started anew: {what}", what);
        return 1;
    }
}
