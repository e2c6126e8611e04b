using Weir.Kubernetes.Configuration;

namespace Weir.Kubernetes.Tests.Configuration;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--ipvs-scheduler=wlc", "ipvs.scheduler", "wlc")]
    [InlineData("--ipvs-scheduler wlc", "ipvs.scheduler", "wlc")]
    [InlineData("--ipvs_scheduler=wlc", "ipvs.scheduler", "wlc")]
    [InlineData("--ipvs-scheduler=sh --ipvs-scheduler=lc", "ipvs.scheduler", "lc")]
    [InlineData("--masquerade-all", "iptables.masqueradeAll", "true")]
    [InlineData("--masquerade-all=false", "iptables.masqueradeAll", "false")]
    [InlineData("--masquerade-all --ipvs-strict-arp=true", "ipvs.strictARP", "true")]
    [InlineData("-v=4", "logging.verbosity", "4")]
    [InlineData("-v 4", "logging.verbosity", "4")]
    [InlineData("-v4", "logging.verbosity", "4")]
    [InlineData("--v=4", "logging.verbosity", "4")]
    [InlineData("--ipvs-sync-period=1m30s", "ipvs.syncPeriod", "\"1m30s\"")]
    [InlineData("--nodeport-addresses=10.0.0.0/8,192.168.0.0/16 --nodeport-addresses fd00::/8", "nodePortAddresses", "[\"10.0.0.0/8\",\"192.168.0.0/16\",\"fd00::/8\"]")]
    [InlineData("--ipvs-exclude-cidrs=10.1.0.0/16", "ipvs.excludeCIDRs", "[\"10.1.0.0/16\"]")]
    [InlineData("--oom-score-adj -998", "oomScoreAdj", "-998")]
    [InlineData("--healthz-bind-address=", "healthzBindAddress", "")]
    [InlineData("--healthz-port=1234", "healthzBindAddress", "0.0.0.0:1234")]
    [InlineData("--metrics-port=0", "metricsBindAddress", "")]
    public void A_flag_is_read_as_pflag_reads_it(string line, string path, string value)
    {
        var command = CommandLine.Parse(line.Split(' '));
        var values = command.Resolve(_ => throw new IOException());
        Assert.Empty(command.Errors);
        var setting = Settings.All.Single(each => each.Path == path);
        Assert.True(values.IsSet(setting));
        Assert.Equal(value, setting.ToNode(values.Value(setting)) switch { { } node when node.GetValueKind() == System.Text.Json.JsonValueKind.String && !value.StartsWith('"') => node.GetValue<string>(), var node => node?.ToJsonString() });
    }

    [Theory]
    [InlineData("--oom-score-adj=many", "invalid argument \"many\" for \"--oom-score-adj\" flag: must be a number")]
    [InlineData("--masquerade-all=perhaps", "invalid argument \"perhaps\" for \"--masquerade-all\" flag: must be true or false")]
    [InlineData("--ipvs-sync-period=30", "invalid argument \"30\" for \"--ipvs-sync-period\" flag: must be a duration such as 30s")]
    [InlineData("--kubeconfig", "flag needs an argument: --kubeconfig")]
    [InlineData("start", "unknown argument start")]
    [InlineData("--masquerade-all false", "unknown argument false")]
    public void A_bad_command_line_is_refused(string line, string error) => Assert.Equal([error], CommandLine.Parse(line.Split(' ')).Errors);

    [Theory]
    [InlineData("--no-such-flag", "--no-such-flag is no flag of kube-proxy's or Weir's")]
    [InlineData("--no-such-flag value", "--no-such-flag is no flag of kube-proxy's or Weir's")]
    [InlineData("--no-such-flag=value", "--no-such-flag is no flag of kube-proxy's or Weir's")]
    [InlineData("--iptables-masquerade-bit=15", "--iptables-masquerade-bit has no effect: no packet is marked")]
    [InlineData("--conntrack-max-per-core=0", null)]
    [InlineData("--conntrack-max-per-core=65536", "--conntrack-max-per-core has no effect: Weir's connection table has a fixed size")]
    [InlineData("--feature-gates=A=true,B=false", "--feature-gates has no effect: there are no feature gates")]
    [InlineData("--boot-id-file=/x", "--boot-id-file has no effect: it is for cadvisor")]
    public void What_has_no_effect_is_named_and_not_fatal(string line, string? warning)
    {
        var command = CommandLine.Parse(line.Split(' '));
        command.Resolve(_ => throw new IOException());
        Assert.Empty(command.Errors);
        Assert.Equal(warning is null ? [] : [warning], command.Warnings);
    }

    [Fact]
    public void With_a_file_flags_are_not_read_but_for_the_name_and_the_log()
    {
        var command = CommandLine.Parse(["--config=/c", "--ipvs-scheduler=lc", "--hostname-override=me", "-v=5", "--takeover"]);
        var values = command.Resolve(path => path == "/c" ? "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nipvs: {scheduler: sh}\n" : throw new IOException());
        Assert.Empty(command.Errors);
        Assert.Equal(["--ipvs-scheduler: not read, because --config is given"], command.Warnings);
        Assert.Equal("sh", values.Get(Settings.Scheduler));
        Assert.Equal("me", values.Get(Settings.HostnameOverride));
        Assert.Equal(5, values.Get(Settings.Verbosity));
        Assert.True(command.IsTakeover);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error()
    {
        var command = CommandLine.Parse(["--config=/c"]);
        command.Resolve(_ => throw new FileNotFoundException("no such file"));
        Assert.Equal(["/c: no such file"], command.Errors);
    }

    /// <summary>All flags that kube-proxy 1.36 names; none may be unknown here.</summary>
    [Theory]
    [InlineData("config write-config-to cleanup init-only feature-gates kubeconfig master kube-api-content-type kube-api-burst kube-api-qps hostname-override bind-address")]
    [InlineData("healthz-bind-address metrics-bind-address bind-address-hard-fail profiling show-hidden-metrics-for-version proxy-mode")]
    [InlineData("iptables-masquerade-bit masquerade-all iptables-localhost-nodeports iptables-sync-period iptables-min-sync-period ipvs-sync-period ipvs-min-sync-period")]
    [InlineData("ipvs-scheduler ipvs-exclude-cidrs ipvs-strict-arp ipvs-tcp-timeout ipvs-tcpfin-timeout ipvs-udp-timeout detect-local-mode pod-bridge-interface")]
    [InlineData("pod-interface-name-prefix cluster-cidr nodeport-addresses oom-score-adj conntrack-max-per-core conntrack-min conntrack-tcp-timeout-established")]
    [InlineData("conntrack-tcp-timeout-close-wait conntrack-tcp-be-liberal conntrack-udp-timeout conntrack-udp-timeout-stream config-sync-period healthz-port metrics-port")]
    [InlineData("logging-format log-flush-frequency v vmodule boot-id-file machine-id-file version")]
    public void Every_flag_of_kube_proxy_is_known(string names)
    {
        foreach (var name in names.Split(' '))
            Assert.DoesNotContain(CommandLine.Parse([$"--{name}=1"]).Warnings, each => each.Contains("is no flag", StringComparison.Ordinal));
    }
}
