using System.Net;
using Weir.Kubernetes.Engine;
using Weir.Model;

namespace Weir.Kubernetes.Configuration;

/// <summary>What a proxy is to do, read and checked with kube-proxy's rules.</summary>
public sealed record ProxyConfiguration
{
    /// <summary>--kubeconfig.</summary>
    public string Kubeconfig { get; private init; } = "";

    /// <summary>This node's name.</summary>
    public string NodeName { get; private init; } = "";

    /// <summary>Whether log lines are JSON.</summary>
    public bool LogsJson { get; private init; }

    /// <summary>-v.</summary>
    public int Verbosity { get; private init; }

    /// <summary>Where /healthz and /livez are served, or null.</summary>
    public IPEndPoint? Healthz { get; private init; }

    /// <summary>Where /metrics and others are served, or null.</summary>
    public IPEndPoint? Metrics { get; private init; }

    /// <summary>Whether a proxy that cannot listen there ends.</summary>
    public bool IsBindRequired { get; private init; }

    /// <summary>--oom-score-adj.</summary>
    public int OomScoreAdjust { get; private init; }

    /// <summary>--detect-local-mode.</summary>
    public DetectLocalMode DetectLocalMode { get; private init; }

    /// <summary>Of the connection table.</summary>
    public FlowTimeouts FlowTimeouts { get; private init; }

    /// <summary>Of connections to virtual services; zero leaves a time as it is.</summary>
    public ServiceTimeouts ServiceTimeouts { get; private init; }

    /// <summary>--bind-address where it names an address of this node.</summary>
    public Address? BindAddress { get; private init; }

    /// <summary>What the engine needs but for the addresses and the pod prefixes that the Node object has.</summary>
    public ProxyOptions Options { get; private init; } = new() { NodeName = "" };

    /// <summary>Makes a configuration, or says all that is wrong with it.</summary>
    /// <param name="values">What was set.</param>
    /// <param name="hostName">This machine's name.</param>
    /// <param name="errors">Gets what is wrong.</param>
    /// <param name="warnings">Gets what is unusual.</param>
    public static ProxyConfiguration? TryMake(SettingValues values, string hostName, ICollection<string> errors, ICollection<string> warnings)
    {
        var check = new Validation(values, errors);
        check.Run();
        var name = values.Get(Settings.HostnameOverride) is { Length: > 0 } given ? given : hostName;
        name = name.Trim().ToLowerInvariant();
        if (name.Length == 0) errors.Add("this machine has no name: give --hostname-override");
        var mode = values.Get(Settings.Mode);
        if (mode is not "" and not "ipvs") warnings.Add($"mode {mode}: Weir's own data path does the work, and /proxyMode answers ipvs");
        if (errors.Count > 0) return null;

        var detect = check.DetectLocalMode;
        var (period, least, masqueradesAll) = mode switch
        {
            "ipvs" => (Settings.IpvsSyncPeriod, Settings.IpvsMinSyncPeriod, Settings.MasqueradeAll),
            "nftables" => (Settings.NftSyncPeriod, Settings.NftMinSyncPeriod, Settings.NftMasqueradeAll),
            _ => (Settings.SyncPeriod, Settings.MinSyncPeriod, Settings.MasqueradeAll),
        };
        var isNodePortPrimary = values.Get(Settings.NodePortAddresses) is ["primary"];
        var options = new ProxyOptions
        {
            NodeName = name,
            Scheduler = values.Get(Settings.Scheduler) is { Length: > 0 } scheduler ? scheduler : "rr",
            MasqueradeAll = values.Get(masqueradesAll),
            PodPrefixes = detect == DetectLocalMode.ClusterCidr ? [.. check.ClusterPrefixes] : [],
            PodInterface = detect switch
            {
                DetectLocalMode.BridgeInterface => values.Get(Settings.BridgeInterface),
                DetectLocalMode.InterfaceNamePrefix => values.Get(Settings.InterfaceNamePrefix) + "+",
                _ => null,
            },
            NodePortPrefixes = isNodePortPrimary ? [] : [.. check.NodePortPrefixes],
            IsNodePortPrimary = isNodePortPrimary,
            ExcludedPrefixes = [.. check.ExcludedPrefixes],
            IsArpStrict = values.Get(Settings.StrictArp),
            SyncPeriod = values.Get(period),
        };
        // kube-proxy's default of a second is for the sake of iptables-restore.
        if (values.IsSet(least)) options = options with { MinSyncPeriod = values.Get(least) };
        return new()
        {
            Kubeconfig = values.Get(Settings.Kubeconfig),
            NodeName = name,
            LogsJson = values.Get(Settings.LogFormat) == "json",
            Verbosity = values.Get(Settings.Verbosity),
            Healthz = check.Healthz,
            Metrics = check.Metrics,
            IsBindRequired = values.Get(Settings.BindAddressHardFail),
            OomScoreAdjust = values.Get(Settings.OomScoreAdjust),
            DetectLocalMode = detect,
            FlowTimeouts = new(values.Get(Settings.TcpEstablishedTimeout), values.Get(Settings.TcpCloseWaitTimeout), values.Get(Settings.FlowUdpTimeout), values.Get(Settings.FlowUdpStreamTimeout)),
            ServiceTimeouts = new(Seconds(values.Get(Settings.TcpTimeout)), Seconds(values.Get(Settings.TcpFinTimeout)), Seconds(values.Get(Settings.UdpTimeout))),
            BindAddress = Address.TryParse(values.Get(Settings.BindAddress), out var address) && address != Address.AnyIPv4 && address != Address.AnyIPv6 ? address : null,
            Options = options,
        };
    }

    private static uint Seconds(TimeSpan time) => (uint)Math.Min(time.TotalSeconds, uint.MaxValue);
}
