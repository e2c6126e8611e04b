using Microsoft.Extensions.Logging;
using Weir.Control.Instances;
using Weir.Control.Services;
using Weir.Kubernetes.Configuration;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Nodes;
using Weir.Kubernetes.Process;
using Weir.Kubernetes.Serving;
using Weir.Kubernetes.Takeover;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Cli;

/// <summary>The node that this process runs on: its network namespace's data path, devices and settings.</summary>
internal sealed class NodeControl : INodeControl
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    private readonly StateFolder _folder = StateFolder.Current();
    private readonly NodeNetwork _network;
    private readonly ProxyStore _store;
    private readonly ILogger _logger;
    private readonly TextWriter _packets;

    /// <summary>A node, as it is.</summary>
    /// <param name="loggers">Where it says what it does.</param>
    /// <param name="packets">Where lines of LOG rules go.</param>
    public NodeControl(ILoggerFactory loggers, TextWriter packets)
    {
        if (!Environment.IsPrivilegedProcess) throw new InstanceException("you must be root");
        _network = new NodeNetwork(loggers.CreateLogger<NodeNetwork>());
        _store = new ProxyStore(_folder);
        _logger = loggers.CreateLogger("node");
        _packets = packets;
    }

    public IProxyStore Store => _store;

    public INodeNetwork Network => _network;

    public void SetTimeouts(FlowTimeouts flows, ServiceTimeouts services)
    {
        _store.SetFlowTimeouts(Seconds(flows.TcpEstablished), Seconds(flows.TcpCloseWait), Seconds(flows.Udp), Seconds(flows.UdpStream));
        if (services != default) new ServiceStore(_folder).SetTimeouts(services);
    }

    public void AdjustOomScore(int score)
    {
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", score.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning("The OOM score is as it was: {problem}", problem.Message);
        }
    }

    public DataPathStatus? ReadStatus()
    {
        using var instance = Instance.TryOpen(_folder);
        if (instance is null) return null;
        var status = InstanceStatus.Read(instance);
        return new([.. status.Tables.Select(each => (each.Name, (long)each.Entries, (long)each.Capacity))], status.Counts);
    }

    public async Task FollowAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            using var follower = new Follower(_folder, _packets, followsDevices: true);
            await using var ends = cancellation.Register(follower.End);
            try
            {
                await Task.Factory.StartNew(follower.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            catch (Exception problem) when (Tools.IsExpected(problem))
            {
                // Services go on without; devices that appear meanwhile are covered later.
                _logger.LogError("Devices are not followed for now: {problem}", problem.Message);
                await Task.Delay(s_retry, cancellation).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    public void CleanUp()
    {
        if (_network.Remove()) _logger.LogInformation("Removed {device}", NodeNetwork.DeviceName);
        int rules;
        using (var instance = Instance.TryOpen(_folder))
        {
            if (instance is null) return;
            rules = InstanceStatus.Read(instance).Rules;
        }
        if (rules > 0)
        {
            // Rules are their maker's.
            _store.Apply(new ProxyChange { IsWhole = true, Settings = new() });
            _logger.LogInformation("Removed all virtual services; {count} rules stay", rules);
            return;
        }
        Instance.Remove(_folder, _folder.TakeLock(null)!);
        _logger.LogInformation("Removed every trace of Weir from this network namespace");
    }

    public Task TakeOverAsync(IReadOnlyList<AddressMask> excluded, CancellationToken cancellation) => new KubeProxyRemains(_logger).RemoveAsync(excluded, cancellation);

    private static uint Seconds(TimeSpan time) => (uint)Math.Min(time.TotalSeconds, uint.MaxValue);
}
