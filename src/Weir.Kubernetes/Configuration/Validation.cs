using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Weir.Kubernetes.Semantics;
using Weir.Model;

namespace Weir.Kubernetes.Configuration;

/// <summary>kube-proxy's rules for its configuration (pkg/proxy/apis/config/validation). Every error is named, not just the first.</summary>
internal sealed class Validation(SettingValues values, ICollection<string> errors)
{
    public DetectLocalMode DetectLocalMode { get; private set; }

    public IReadOnlyList<AddressMask> ClusterPrefixes { get; private set; } = [];

    public IReadOnlyList<AddressMask> NodePortPrefixes { get; private set; } = [];

    public IReadOnlyList<AddressMask> ExcludedPrefixes { get; private set; } = [];

    public IPEndPoint? Healthz { get; private set; }

    public IPEndPoint? Metrics { get; private set; }

    public void Run()
    {
        var mode = values.Get(Settings.Mode);
        if (mode is not ("" or "iptables" or "ipvs" or "nftables")) Refuse(Settings.Mode, "must be one of iptables, ipvs, nftables");
        Range(Settings.MasqueradeBit, 0, 31);
        Range(Settings.NftMasqueradeBit, 0, 31);
        Range(Settings.OomScoreAdjust, -1000, 1000);
        Range(Settings.ConntrackMaxPerCore, 0, int.MaxValue);
        Range(Settings.ConntrackMin, 0, int.MaxValue);
        Range(Settings.Burst, 0, int.MaxValue);
        Periods(Settings.SyncPeriod, Settings.MinSyncPeriod);
        Periods(Settings.IpvsSyncPeriod, Settings.IpvsMinSyncPeriod);
        Periods(Settings.NftSyncPeriod, Settings.NftMinSyncPeriod);
        if (values.Get(Settings.ConfigSyncPeriod) <= default(TimeSpan)) Refuse(Settings.ConfigSyncPeriod, "must be greater than 0");
        foreach (var each in (Setting<TimeSpan>[])
            [
                Settings.TcpTimeout, Settings.TcpFinTimeout, Settings.UdpTimeout,
                Settings.TcpEstablishedTimeout, Settings.TcpCloseWaitTimeout, Settings.FlowUdpTimeout, Settings.FlowUdpStreamTimeout,
            ])
        {
            if (values.Get(each) < default(TimeSpan)) Refuse(each, "must be greater than or equal to 0");
        }
        if (values.Get(Settings.Scheduler) is { Length: > 0 } scheduler && Schedulers.Nearest(scheduler) is null) Refuse(Settings.Scheduler, "there is no such scheduler");
        if (values.Get(Settings.LogFormat) is not ("text" or "json")) Refuse(Settings.LogFormat, "must be one of text, json");
        Range(Settings.Verbosity, 0, int.MaxValue);
        Addresses();
        ExcludedPrefixes = Prefixes(Settings.ExcludedPrefixes, values.Get(Settings.ExcludedPrefixes));
        Local();
    }

    private void Addresses()
    {
        if (!Address.TryParse(values.Get(Settings.BindAddress), out var bind)) Refuse(Settings.BindAddress, "not a valid textual representation of an IP address");
        // Where only the bind address is given, IPv6 asks for the other defaults in IPv6 too.
        var isIPv6 = bind.Family == AddressFamily.IPv6;
        Healthz = EndPoint(Settings.HealthzBindAddress, isIPv6 ? "[::]:10256" : null);
        Metrics = EndPoint(Settings.MetricsBindAddress, isIPv6 ? "[::1]:10249" : null);
        var nodePorts = values.Get(Settings.NodePortAddresses);
        if (nodePorts.Contains("primary"))
        {
            if (nodePorts.Count > 1) Refuse(Settings.NodePortAddresses, "primary must be alone");
        }
        else
        {
            NodePortPrefixes = Prefixes(Settings.NodePortAddresses, nodePorts);
        }
    }

    private void Local()
    {
        var clusterCidr = values.Get(Settings.ClusterCidr);
        ClusterPrefixes = clusterCidr.Length == 0 ? [] : Prefixes(Settings.ClusterCidr, clusterCidr.Split(','));
        if (ClusterPrefixes.Count > 2 || (ClusterPrefixes.Count == 2 && ClusterPrefixes[0].Family == ClusterPrefixes[1].Family))
            Refuse(Settings.ClusterCidr, "only one CIDR allowed or a valid DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)");
        switch (values.Get(Settings.DetectLocalMode))
        {
            case "" or "ClusterCIDR":
                DetectLocalMode = DetectLocalMode.ClusterCidr;
                break;
            case "NodeCIDR":
                DetectLocalMode = DetectLocalMode.NodeCidr;
                break;
            case "BridgeInterface":
                DetectLocalMode = DetectLocalMode.BridgeInterface;
                DeviceName(Settings.BridgeInterface);
                break;
            case "InterfaceNamePrefix":
                DetectLocalMode = DetectLocalMode.InterfaceNamePrefix;
                DeviceName(Settings.InterfaceNamePrefix);
                break;
            default:
                Refuse(Settings.DetectLocalMode, "must be one of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix");
                break;
        }
    }

    private void DeviceName(Setting<string> setting)
    {
        if (values.Get(setting) is not { Length: > 0 and <= 15 } name || name.AsSpan().ContainsAny('/', ' ')) Refuse(setting, "must be a device's name of 1 to 15 characters");
    }

    private void Range(Setting<int> setting, int least, int most)
    {
        var value = values.Get(setting);
        if (value < least || value > most)
            Refuse(setting, most == int.MaxValue ? $"must be greater than or equal to {least}" : $"must be within the range [{least}, {most}]");
    }

    private void Periods(Setting<TimeSpan> period, Setting<TimeSpan> least)
    {
        if (values.Get(period) <= default(TimeSpan)) Refuse(period, "must be greater than 0");
        if (values.Get(least) < default(TimeSpan)) Refuse(least, "must be greater than or equal to 0");
        if (values.Get(least) > values.Get(period)) Refuse(period, $"must be greater than or equal to {least.Path}");
    }

    private List<AddressMask> Prefixes(Setting setting, IReadOnlyList<string> texts)
    {
        var result = new List<AddressMask>();
        foreach (var text in texts)
        {
            if (TryParsePrefix(text, out var prefix)) result.Add(prefix);
            else Refuse(setting, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        }
        return result;
    }

    internal static bool TryParsePrefix(string text, out AddressMask prefix)
    {
        prefix = default;
        var slash = text.IndexOf('/');
        if (slash < 0 || !Address.TryParse(text[..slash], out var address)) return false;
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > AddressMask.BitsOf(address.Family)) return false;
        prefix = AddressMask.Prefix(address, length);
        return true;
    }

    private IPEndPoint? EndPoint(Setting<string> setting, string? defaultForIPv6)
    {
        var text = values.Get(setting);
        if (!values.IsSet(setting) && defaultForIPv6 is not null) text = defaultForIPv6;
        if (text.Length == 0) return null;
        // An address alone has kube-proxy's port.
        if (IPAddress.TryParse(text, out var alone) && !text.StartsWith('[')) return new(alone, IPEndPoint.Parse((string)setting.Default!).Port);
        if (text.LastIndexOf(':') is var colon and > 0
            && (text[0] == '[') == text[..colon].EndsWith(']')
            && IPAddress.TryParse(text.AsSpan(0, colon), out var address)
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return new(address, port);
        Refuse(setting, "must be IP:port");
        return null;
    }

    private void Refuse(Setting setting, string problem) => Refuse(setting, setting.ToNode(values.Value(setting)), problem);

    private void Refuse(Setting setting, JsonNode? value, string problem) => errors.Add($"{setting.Path}: Invalid value: {value?.ToJsonString() ?? "null"}: {problem}");
}
