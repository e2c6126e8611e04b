using System.Text.Json.Nodes;

namespace Weir.Kubernetes.Configuration;

/// <summary>
/// All settings of kube-proxy 1.36, in the order of KubeProxyConfiguration kubeproxy.config.k8s.io/v1alpha1, with its defaults. A setting without a use here
/// says why; who sets it is told.
/// </summary>
public static class Settings
{
    private const string Json = "objects are asked for as JSON";
    private const string FixedTable = "Weir's connection table has a fixed size";
    private const string Windows = "it is for Windows";
    private const string NotOffered = "it is not offered";

    private static readonly List<Setting> s_all = [];

    public static Setting<JsonNode?> FeatureGates { get; } = Anything("featureGates", "feature-gates", "there are no feature gates");
    public static Setting<string> Kubeconfig { get; } = Text("clientConnection.kubeconfig", "kubeconfig");
    public static Setting<string> AcceptContentTypes { get; } = Text("clientConnection.acceptContentTypes", null, "", Json);
    public static Setting<string> ContentType { get; } = Text("clientConnection.contentType", "kube-api-content-type", "application/vnd.kubernetes.protobuf", Json);
    public static Setting<double> Qps { get; } = Add(new Setting<double>("clientConnection.qps", "kube-api-qps", 5, ValueFormat.Real) { IsZeroDefault = true, Unused = "a proxy asks far less often" });
    public static Setting<int> Burst { get; } = Number("clientConnection.burst", "kube-api-burst", 10, "a proxy asks far less often", isZeroDefault: true);
    public static Setting<string> LogFormat { get; } = Add(new Setting<string>("logging.format", "logging-format", "text", ValueFormat.Text) { IsFlagAlwaysRead = true, IsZeroDefault = true });
    public static Setting<int> Verbosity { get; } = Add(new Setting<int>("logging.verbosity", "v", 0, ValueFormat.Number) { IsFlagAlwaysRead = true });
    public static Setting<JsonNode?> FlushFrequency { get; } = Anything("logging.flushFrequency", "log-flush-frequency", "each line is written at once");
    public static Setting<JsonNode?> VModule { get; } = Anything("logging.vmodule", "vmodule", "-v is for all");
    public static Setting<JsonNode?> LogOptions { get; } = Anything("logging.options", null, NotOffered);
    public static Setting<string> HostnameOverride { get; } = Add(new Setting<string>("hostnameOverride", "hostname-override", "", ValueFormat.Text) { IsFlagAlwaysRead = true });
    public static Setting<string> BindAddress { get; } = Text("bindAddress", "bind-address", "0.0.0.0");
    public static Setting<string> HealthzBindAddress { get; } = Text("healthzBindAddress", "healthz-bind-address", "0.0.0.0:10256");
    public static Setting<string> MetricsBindAddress { get; } = Text("metricsBindAddress", "metrics-bind-address", "127.0.0.1:10249");
    public static Setting<bool> BindAddressHardFail { get; } = Switch("bindAddressHardFail", "bind-address-hard-fail", false);
    public static Setting<bool> Profiling { get; } = Switch("enableProfiling", "profiling", false, NotOffered);
    public static Setting<string> ShowHiddenMetrics { get; } = Text("showHiddenMetricsForVersion", "show-hidden-metrics-for-version", "", "no metric is hidden");
    public static Setting<string> Mode { get; } = Text("mode", "proxy-mode");
    public static Setting<int> MasqueradeBit { get; } = Number("iptables.masqueradeBit", "iptables-masquerade-bit", 14, "no packet is marked");
    public static Setting<bool> MasqueradeAll { get; } = Switch("iptables.masqueradeAll", "masquerade-all", false);
    public static Setting<bool> LocalhostNodePorts { get; } = Switch("iptables.localhostNodePorts", "iptables-localhost-nodeports", true, "node ports are not on loopback, as in ipvs mode");
    public static Setting<TimeSpan> SyncPeriod { get; } = Duration("iptables.syncPeriod", "iptables-sync-period", TimeSpan.FromSeconds(30));
    public static Setting<TimeSpan> MinSyncPeriod { get; } = Duration("iptables.minSyncPeriod", "iptables-min-sync-period", TimeSpan.FromSeconds(1));
    public static Setting<TimeSpan> IpvsSyncPeriod { get; } = Duration("ipvs.syncPeriod", "ipvs-sync-period", TimeSpan.FromSeconds(30));
    public static Setting<TimeSpan> IpvsMinSyncPeriod { get; } = Duration("ipvs.minSyncPeriod", "ipvs-min-sync-period", TimeSpan.FromSeconds(1));
    public static Setting<string> Scheduler { get; } = Text("ipvs.scheduler", "ipvs-scheduler");
    public static Setting<IReadOnlyList<string>> ExcludedPrefixes { get; } = List("ipvs.excludeCIDRs", "ipvs-exclude-cidrs");
    public static Setting<bool> StrictArp { get; } = Switch("ipvs.strictARP", "ipvs-strict-arp", false);
    public static Setting<TimeSpan> TcpTimeout { get; } = Duration("ipvs.tcpTimeout", "ipvs-tcp-timeout", default);
    public static Setting<TimeSpan> TcpFinTimeout { get; } = Duration("ipvs.tcpFinTimeout", "ipvs-tcpfin-timeout", default);
    public static Setting<TimeSpan> UdpTimeout { get; } = Duration("ipvs.udpTimeout", "ipvs-udp-timeout", default);
    public static Setting<int> NftMasqueradeBit { get; } = Number("nftables.masqueradeBit", null, 14, "no packet is marked");
    public static Setting<bool> NftMasqueradeAll { get; } = Switch("nftables.masqueradeAll", null, false);
    public static Setting<TimeSpan> NftSyncPeriod { get; } = Duration("nftables.syncPeriod", null, TimeSpan.FromSeconds(30));
    public static Setting<TimeSpan> NftMinSyncPeriod { get; } = Duration("nftables.minSyncPeriod", null, TimeSpan.FromSeconds(1));
    public static Setting<JsonNode?> WindowsKernel { get; } = Anything("winkernel", null, Windows);
    public static Setting<string> DetectLocalMode { get; } = Text("detectLocalMode", "detect-local-mode");
    public static Setting<string> BridgeInterface { get; } = Text("detectLocal.bridgeInterface", "pod-bridge-interface");
    public static Setting<string> InterfaceNamePrefix { get; } = Text("detectLocal.interfaceNamePrefix", "pod-interface-name-prefix");
    public static Setting<string> ClusterCidr { get; } = Text("clusterCIDR", "cluster-cidr");
    public static Setting<IReadOnlyList<string>> NodePortAddresses { get; } = List("nodePortAddresses", "nodeport-addresses");
    public static Setting<int> OomScoreAdjust { get; } = Number("oomScoreAdj", "oom-score-adj", -999);
    public static Setting<int> ConntrackMaxPerCore { get; } = Number("conntrack.maxPerCore", "conntrack-max-per-core", 32768, FixedTable);
    public static Setting<int> ConntrackMin { get; } = Number("conntrack.min", "conntrack-min", 131072, FixedTable);
    public static Setting<TimeSpan> TcpEstablishedTimeout { get; } = Duration("conntrack.tcpEstablishedTimeout", "conntrack-tcp-timeout-established", TimeSpan.FromHours(24), isZeroDefault: false);
    public static Setting<TimeSpan> TcpCloseWaitTimeout { get; } = Duration("conntrack.tcpCloseWaitTimeout", "conntrack-tcp-timeout-close-wait", TimeSpan.FromHours(1), isZeroDefault: false);
    public static Setting<bool> TcpBeLiberal { get; } = Switch("conntrack.tcpBeLiberal", "conntrack-tcp-be-liberal", false, "packets outside of the window are let through, and dropped only by rules for state INVALID");
    public static Setting<TimeSpan> FlowUdpTimeout { get; } = Duration("conntrack.udpTimeout", "conntrack-udp-timeout", default);
    public static Setting<TimeSpan> FlowUdpStreamTimeout { get; } = Duration("conntrack.udpStreamTimeout", "conntrack-udp-timeout-stream", default);
    public static Setting<TimeSpan> ConfigSyncPeriod { get; } = Duration("configSyncPeriod", "config-sync-period", TimeSpan.FromMinutes(15), unused: "what the API says is in force at once");
    public static Setting<string> PortRange { get; } = Text("portRange", "proxy-port-range", "", "nothing listens on node ports");
    public static Setting<bool> WindowsRunAsService { get; } = Switch("windowsRunAsService", "windows-service", false, Windows);

    /// <summary>All of them, in the order of a file.</summary>
    public static IReadOnlyList<Setting> All => s_all;


    private static Setting<string> Text(string path, string? flag, string @default = "", string? unused = null) =>
        Add(new Setting<string>(path, flag, @default, ValueFormat.Text) { IsZeroDefault = true, Unused = unused });

    private static Setting<bool> Switch(string path, string? flag, bool @default, string? unused = null) =>
        Add(new Setting<bool>(path, flag, @default, ValueFormat.Switch) { Unused = unused });

    private static Setting<int> Number(string path, string? flag, int @default, string? unused = null, bool isZeroDefault = false) =>
        Add(new Setting<int>(path, flag, @default, ValueFormat.Number) { Unused = unused, IsZeroDefault = isZeroDefault });

    private static Setting<TimeSpan> Duration(string path, string? flag, TimeSpan @default, string? unused = null, bool isZeroDefault = true) =>
        Add(new Setting<TimeSpan>(path, flag, @default, ValueFormat.Duration) { Unused = unused, IsZeroDefault = isZeroDefault });

    private static Setting<IReadOnlyList<string>> List(string path, string? flag) =>
        Add(new Setting<IReadOnlyList<string>>(path, flag, [], ValueFormat.List));

    private static Setting<JsonNode?> Anything(string path, string? flag, string unused) =>
        Add(new Setting<JsonNode?>(path, flag, null, ValueFormat.Anything) { Unused = unused });

    private static Setting<T> Add<T>(Setting<T> setting)
    {
        s_all.Add(setting);
        return setting;
    }
}
