using Weir.Kubernetes.Configuration;
using Weir.Kubernetes.Tests.Api;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Configuration;

public sealed class ConfigurationTests
{
    private const string Head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

    /// <summary>What kubeadm writes into the ConfigMap kube-proxy: every field, and zero where it wants the default.</summary>
    private const string Kubeadm = Head + """
        bindAddress: 0.0.0.0
        bindAddressHardFail: false
        clientConnection:
          acceptContentTypes: ""
          burst: 0
          contentType: ""
          kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
          qps: 0
        clusterCIDR: 10.244.0.0/16
        configSyncPeriod: 0s
        conntrack:
          maxPerCore: null
          min: null
          tcpBeLiberal: false
          tcpCloseWaitTimeout: null
          tcpEstablishedTimeout: null
          udpStreamTimeout: 0s
          udpTimeout: 0s
        detectLocal:
          bridgeInterface: ""
          interfaceNamePrefix: ""
        detectLocalMode: ""
        enableProfiling: false
        healthzBindAddress: ""
        hostnameOverride: ""
        iptables:
          localhostNodePorts: null
          masqueradeAll: false
          masqueradeBit: null
          minSyncPeriod: 0s
          syncPeriod: 0s
        ipvs:
          excludeCIDRs: null
          minSyncPeriod: 0s
          scheduler: ""
          strictARP: true
          syncPeriod: 0s
          tcpFinTimeout: 0s
          tcpTimeout: 0s
          udpTimeout: 0s
        logging:
          flushFrequency: 0
          options:
            json:
              infoBufferSize: "0"
            text:
              infoBufferSize: "0"
          verbosity: 0
        metricsBindAddress: ""
        mode: ipvs
        nftables:
          masqueradeAll: false
          masqueradeBit: null
          minSyncPeriod: 0s
          syncPeriod: 0s
        nodePortAddresses: null
        oomScoreAdj: null
        portRange: ""
        showHiddenMetricsForVersion: ""
        winkernel:
          enableDSR: false
          forwardHealthCheckVip: false
          networkName: ""
          rootHnsEndpointName: ""
          sourceVip: ""
        """;

    [Fact]
    public void Kubeadms_file_is_read_as_kube_proxy_reads_it()
    {
        var (made, errors, warnings) = Make(Kubeadm);
        Assert.Empty(errors);
        Assert.Equal(["flushFrequency", "options", "winkernel"], warnings.Select(each => each[..each.IndexOf(" has no effect", StringComparison.Ordinal)].Split('.').Last()));
        Assert.NotNull(made);
        Assert.Equal("/var/lib/kube-proxy/kubeconfig.conf", made.Kubeconfig);
        Assert.Equal("node-1", made.NodeName);
        Assert.Equal("0.0.0.0:10256", made.Healthz!.ToString());
        Assert.Equal("127.0.0.1:10249", made.Metrics!.ToString());
        Assert.Equal(-999, made.OomScoreAdjust);
        Assert.Equal("rr", made.Options.Scheduler);
        Assert.True(made.Options.IsArpStrict);
        Assert.Equal(["10.244.0.0/16"], made.Options.PodPrefixes.Select(each => each.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(30), made.Options.SyncPeriod);
        Assert.Equal(TimeSpan.FromMilliseconds(100), made.Options.MinSyncPeriod);
        Assert.Equal(new FlowTimeouts(TimeSpan.FromHours(24), TimeSpan.FromHours(1), default, default), made.FlowTimeouts);
        Assert.Equal(new ServiceTimeouts(0, 0, 0), made.ServiceTimeouts);
        Assert.Null(made.BindAddress);
    }

    [Fact]
    public void What_is_written_reads_the_same()
    {
        var values = CommandLine.Parse(["--ipvs-scheduler=lc", "--nodeport-addresses=10.0.0.0/8,fd00::/8", "--hostname-override=a: #b", "--metrics-bind-address=[::1]:1"]).Resolve(_ => "");
        var text = ConfigurationFile.Write(values);
        var again = new SettingValues();
        List<string> problems = [];
        ConfigurationFile.Read(text, again, problems, problems);
        Assert.Empty(problems);
        Assert.Equal(text, ConfigurationFile.Write(again));
        Assert.Equal("a: #b", again.Get(Settings.HostnameOverride));
        Assert.Equal(["10.0.0.0/8", "fd00::/8"], again.Get(Settings.NodePortAddresses));
        Assert.Contains("\nconntrack:\n  maxPerCore: 32768\n  min: 131072\n  tcpEstablishedTimeout: 24h0m0s\n", text.Replace("\"", ""));
    }

    [Theory]
    [InlineData("mode: userspace", "mode: Invalid value: \"userspace\": must be one of iptables, ipvs, nftables")]
    [InlineData("bindAddress: here", "bindAddress: Invalid value: \"here\": not a valid textual representation of an IP address")]
    [InlineData("healthzBindAddress: 0.0.0.0:99999", "healthzBindAddress: Invalid value: \"0.0.0.0:99999\": must be IP:port")]
    [InlineData("metricsBindAddress: localhost:10249", "metricsBindAddress: Invalid value: \"localhost:10249\": must be IP:port")]
    [InlineData("iptables: {masqueradeBit: 32}", "iptables.masqueradeBit: Invalid value: 32: must be within the range [0, 31]")]
    [InlineData("oomScoreAdj: 1001", "oomScoreAdj: Invalid value: 1001: must be within the range [-1000, 1000]")]
    [InlineData("ipvs: {syncPeriod: 1s, minSyncPeriod: 2s}", "ipvs.syncPeriod: Invalid value: \"1s\": must be greater than or equal to ipvs.minSyncPeriod")]
    [InlineData("ipvs: {syncPeriod: -1s}", "ipvs.syncPeriod: Invalid value: \"-1s\": must be greater than 0|ipvs.syncPeriod: Invalid value: \"-1s\": must be greater than or equal to ipvs.minSyncPeriod")]
    [InlineData("ipvs: {tcpTimeout: -1s}", "ipvs.tcpTimeout: Invalid value: \"-1s\": must be greater than or equal to 0")]
    [InlineData("ipvs: {scheduler: fastest}", "ipvs.scheduler: Invalid value: \"fastest\": there is no such scheduler")]
    [InlineData("ipvs: {excludeCIDRs: [10.0.0.0]}", "ipvs.excludeCIDRs: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [InlineData("clusterCIDR: 10.0.0.0/33", "clusterCIDR: Invalid value: \"10.0.0.0/33\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    [InlineData("clusterCIDR: '10.0.0.0/8,10.1.0.0/16'", "clusterCIDR: Invalid value: \"10.0.0.0/8,10.1.0.0/16\": only one CIDR allowed or a valid DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)")]
    [InlineData("nodePortAddresses: [primary, 10.0.0.0/8]", "nodePortAddresses: Invalid value: [\"primary\",\"10.0.0.0/8\"]: primary must be alone")]
    [InlineData("detectLocalMode: Guess", "detectLocalMode: Invalid value: \"Guess\": must be one of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix")]
    [InlineData("detectLocalMode: BridgeInterface", "detectLocal.bridgeInterface: Invalid value: \"\": must be a device's name of 1 to 15 characters")]
    [InlineData("conntrack: {tcpEstablishedTimeout: -1s}", "conntrack.tcpEstablishedTimeout: Invalid value: \"-1s\": must be greater than or equal to 0")]
    [InlineData("logging: {format: xml}", "logging.format: Invalid value: \"xml\": must be one of text, json")]
    [InlineData("oomScoreAdj: many", "oomScoreAdj: Invalid value: \"many\": must be a number")]
    [InlineData("mode: [ipvs", "line 4: ")]
    public void What_kube_proxy_refuses_is_refused(string line, string errors)
    {
        var (made, found, _) = Make(Head + line + "\n");
        Assert.Null(made);
        var wanted = errors.Split('|');
        Assert.Equal(wanted.Length, found.Count);
        Assert.All(wanted.Zip(found), pair => Assert.StartsWith(pair.First, pair.Second));
    }

    [Theory]
    [InlineData("clusterCIDR: '10.0.0.0/8,fd00::/8'")]
    [InlineData("nodePortAddresses: [primary]")]
    [InlineData("detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: veth}")]
    [InlineData("healthzBindAddress: '[::]:10256'")]
    [InlineData("healthzBindAddress: '::'")]
    [InlineData("conntrack: {tcpEstablishedTimeout: 0s}")]
    public void What_kube_proxy_takes_is_taken(string line)
    {
        var (made, errors, warnings) = Make(Head + line + "\n");
        Assert.Empty(errors);
        Assert.Empty(warnings);
        Assert.NotNull(made);
    }

    [Fact]
    public void Devices_are_named_as_the_engine_wants_them()
    {
        Assert.Equal("veth+", Make(Head + "detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: veth}\n").Made!.Options.PodInterface);
        Assert.Equal("cni0", Make(Head + "detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}\nclusterCIDR: 10.0.0.0/8\n").Made!.Options.PodInterface);
    }

    [Fact]
    public void With_an_IPv6_bind_address_the_other_defaults_are_IPv6_too()
    {
        var made = Make(Head + "bindAddress: '2001:db8::1'\n").Made!;
        Assert.Equal("[::]:10256", made.Healthz!.ToString());
        Assert.Equal("[::1]:10249", made.Metrics!.ToString());
        Assert.Equal(Address.Parse("2001:db8::1"), made.BindAddress);
    }

    [Fact]
    public void Unknown_fields_are_named_and_not_fatal()
    {
        var (made, errors, warnings) = Make(Head + "mode: ipvs\nipvs: {scheduler: lc, turbo: true}\nwarp: {speed: 9}\n");
        Assert.NotNull(made);
        Assert.Empty(errors);
        Assert.Equal(["ipvs.turbo is no field of KubeProxyConfiguration", "warp.speed is no field of KubeProxyConfiguration"], warnings.Select(each => each[(each.IndexOf(": ", StringComparison.Ordinal) + 2)..]));
    }

    [Fact]
    public async Task A_file_that_changes_ends_the_watch_and_one_that_is_written_again_does_not()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "a");
            var wait = new ConfigurationWatcher(path, new FastTime(100)).WaitForChangeAsync(CancellationToken.None);
            await File.WriteAllTextAsync(path, "a");
            File.Delete(path);
            await Task.Delay(200);
            Assert.False(wait.IsCompleted);
            await File.WriteAllTextAsync(path, "b");
            await wait.WaitAsync(TimeSpan.FromSeconds(30));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static (ProxyConfiguration? Made, List<string> Errors, List<string> Warnings) Make(string file)
    {
        var command = CommandLine.Parse(["--config=/c"]);
        var values = command.Resolve(_ => file);
        var errors = command.Errors.Select(each => each[(each.IndexOf(": ", StringComparison.Ordinal) + 2)..]).ToList();
        var made = ProxyConfiguration.TryMake(values, "Node-1", errors, command.Warnings);
        return (made, errors, command.Warnings);
    }
}
