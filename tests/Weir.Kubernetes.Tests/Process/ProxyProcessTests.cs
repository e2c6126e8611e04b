using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Weir.Kubernetes.Configuration;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Process;
using Weir.Kubernetes.Serving;
using Weir.Kubernetes.Tests.Api;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Tests.Process;

/// <summary>The whole process against a stand-in of an API server: from a command line to virtual services and an exit code.</summary>
public sealed class ProxyProcessTests : IDisposable
{
    private readonly ApiServer _server = new();
    private readonly Control _control = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();
    private readonly CancellationTokenSource _end = new();
    private readonly HttpClient _http = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("weir-process").FullName;

    public void Dispose()
    {
        _server.Dispose();
        _end.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_service_of_the_cluster_is_served_and_everything_answers()
    {
        Fill("10.0.0.9");
        int healthz = FreePort(), metrics = FreePort();
        var running = RunAsync($"--master={_server.Address}", "--hostname-override=Node-1", $"--healthz-bind-address=127.0.0.1:{healthz}", $"--metrics-bind-address=127.0.0.1:{metrics}",
            "--ipvs-strict-arp", "--ipvs-tcp-timeout=10m", "--conntrack-udp-timeout=20s", "--takeover");
        await UntilAsync(() => _control.HasTakenOver);
        var service = Assert.Single(_control.Fake.Services.Values);
        Assert.Equal("10.96.0.1", service.Service.Key.Address.ToString());
        Assert.Equal(["10.244.0.5", "10.244.1.5"], service.Servers.Select(each => each.Key.Address.ToString()).Order());
        Assert.Equal(true, _control.Devices.IsArpStrict);
        Assert.Equal(new ServiceTimeouts(600, 0, 0), _control.Services);
        Assert.Equal(TimeSpan.FromSeconds(20), _control.Flows.Udp);
        // Programmed first, then taken over.
        Assert.True(_control.ServicesAtTakeover > 0);

        var health = JsonNode.Parse(await _http.GetStringAsync($"http://127.0.0.1:{healthz}/healthz"))!;
        Assert.True(health["healthy"]!.GetValue<bool>());
        Assert.Equal("ipvs", await _http.GetStringAsync($"http://127.0.0.1:{metrics}/proxyMode"));
        Assert.Equal("True", JsonNode.Parse(await _http.GetStringAsync($"http://127.0.0.1:{metrics}/configz"))!["kubeproxy.config.k8s.io"]!["ipvs"]!["strictARP"]!.GetValue<bool>().ToString());
        var text = await _http.GetStringAsync($"http://127.0.0.1:{metrics}/metrics");
        Assert.Contains("\nkubeproxy_proxy_healthz_total{code=\"200\"} 1\n", text);
        Assert.Contains("\nkubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 1\n", text);
        Assert.Contains("\nrest_client_requests_total{code=\"200\",host=\"", text);
        Assert.Contains("\nweir_table_entries{table=\"flows\"} 3\n", text);

        await UntilAsync(() => !_server.Posted.IsEmpty);
        var (path, started) = _server.Posted.First();
        Assert.Equal("/apis/events.k8s.io/v1/namespaces/default/events", path);
        Assert.Equal(("Starting", "Normal", "StartKubeProxy", "Node", "node-1"),
            (started["reason"]!.GetValue<string>(), started["type"]!.GetValue<string>(), started["action"]!.GetValue<string>(), started["regarding"]!["kind"]!.GetValue<string>(), started["regarding"]!["name"]!.GetValue<string>()));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", started["eventTime"]!.GetValue<string>());

        // The API server goes, and nothing else does.
        _server.Fault = _ => (500, "");
        _server.EndWatches(breaks: true);
        Assert.True(JsonNode.Parse(await _http.GetStringAsync($"http://127.0.0.1:{healthz}/livez"))!["healthy"]!.GetValue<bool>());
        Assert.Single(_control.Fake.Services);

        await _end.CancelAsync();
        Assert.Equal(0, await running);
        Assert.Single(_control.Fake.Services);
    }

    [Fact]
    public async Task What_is_asked_of_an_API_server_is_what_system_node_proxier_allows()
    {
        Fill("10.0.0.9", podPrefix: "10.244.0.0/24");
        var running = RunAsync($"--master={_server.Address}", "--hostname-override=node-1", "--healthz-bind-address=", "--metrics-bind-address=", "--detect-local-mode=NodeCIDR");
        await UntilAsync(() => _control.Fake.Services.Count > 0 && !_server.Posted.IsEmpty
            && _server.Requests.Count(each => each.Contains("watch=true", StringComparison.Ordinal)) == 4);
        await _end.CancelAsync();
        Assert.Equal(0, await running);
        var asked = _server.Requests.Select(Rule).Distinct().Order().ToArray();
        Assert.Equal(Deploy.DeployTests.Needs, asked);

        static string Rule(string request)
        {
            var target = new Uri("http://x" + request[(request.IndexOf(' ') + 1)..]);
            var path = target.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).ToList();
            var group = path[0] == "api" ? "" : path[1];
            path.RemoveRange(0, path[0] == "api" ? 2 : 3);
            if (path[0] == "namespaces") path.RemoveRange(0, 2);
            var verb = request.StartsWith("POST ", StringComparison.Ordinal) ? "create" : path.Count > 1 ? "get" : target.Query.Contains("watch=true", StringComparison.Ordinal) ? "watch" : "list";
            return $"{verb} {group}/{path[0]}";
        }
    }

    [Fact]
    public async Task Other_pod_prefixes_end_it_and_others_changes_of_the_node_do_not()
    {
        Fill("10.0.0.9", podPrefix: "10.244.0.0/24");
        var running = RunAsync($"--master={_server.Address}", "--hostname-override=node-1", "--healthz-bind-address=", "--metrics-bind-address=", "--detect-local-mode=NodeCIDR");
        await UntilAsync(() => _control.Fake.Services.Count > 0 && _server.Watches("/api/v1/nodes") > 0);
        Assert.Equal(["10.244.0.0/24"], _control.Fake.Settings.PodPrefixes.Select(each => each.ToString()));
        Put("10.0.0.10", "10.244.0.0/24");
        Assert.False(running.IsCompleted);
        Put("10.0.0.10", "10.244.7.0/24");
        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("the node's pod prefixes have changed", _errors.ToString());
    }

    [Fact]
    public async Task A_change_of_the_configuration_file_ends_it()
    {
        Fill("10.0.0.9");
        var path = Path.Combine(_folder, "config.yaml");
        await File.WriteAllTextAsync(path, Configuration("lc"));
        var running = RunAsync($"--master={_server.Address}", $"--config={path}", "--hostname-override=node-1");
        await UntilAsync(() => _control.Fake.Services.Count > 0);
        Assert.Equal("lc", _control.Fake.Services.Values.Single().Service.Scheduler);
        await File.WriteAllTextAsync(path, Configuration("sh"));
        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("the configuration file has changed", _errors.ToString());

        string Configuration(string scheduler) =>
            $"apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nhealthzBindAddress: 127.0.0.1:{FreePort()}\nmetricsBindAddress: 127.0.0.1:{FreePort()}\nipvs: {{scheduler: {scheduler}}}\n";
    }

    [Fact]
    public async Task A_machine_without_a_cluster_serves_what_its_manifests_say()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "web.yaml"), """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
            addressType: IPv4
            ports: [{port: 8080}]
            endpoints: [{addresses: [10.1.0.1]}]
            """);
        var healthz = FreePort();
        var running = RunAsync($"--manifests={_folder}", "--hostname-override=node-1", $"--healthz-bind-address=127.0.0.1:{healthz}", "--metrics-bind-address=");
        await UntilAsync(() => _control.Fake.Services.Count > 0);
        // There is no Node object, and yet there is a node.
        Assert.True(JsonNode.Parse(await _http.GetStringAsync($"http://127.0.0.1:{healthz}/healthz"))!["nodeEligible"]!.GetValue<bool>());
        await _end.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task A_required_address_that_is_taken_ends_it_and_any_other_does_not()
    {
        Fill("10.0.0.9");
        await using var other = new HttpServer(new IPEndPoint(IPAddress.Loopback, 0), _ => HttpAnswer.NotFound);
        Assert.Equal(1, await RunAsync($"--master={_server.Address}", "--hostname-override=node-1", $"--healthz-bind-address={other.EndPoint}", "--metrics-bind-address=", "--bind-address-hard-fail").WaitAsync(TimeSpan.FromSeconds(30)));
        await UntilAsync(() => _server.Posted.Any(each => each.Body["reason"]!.GetValue<string>() == "FailedToStartProxierHealthcheck"));
        var running = RunAsync($"--master={_server.Address}", "--hostname-override=node-1", $"--healthz-bind-address={other.EndPoint}", "--metrics-bind-address=");
        await UntilAsync(() => _control.Fake.Services.Count > 0);
        Assert.False(running.IsCompleted);
        await _end.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Theory]
    [InlineData("--version", 0, "Weir v", "")]
    [InlineData("--help", 0, "weir proxy [FLAGS]", "")]
    [InlineData("--ipvs-scheduler=nonsense", 1, "", "Error: ipvs.scheduler: Invalid value: \"nonsense\": there is no such scheduler\n")]
    [InlineData("--oom-score-adj=x --proxy-mode=y", 1, "", "Error: invalid argument \"x\" for \"--oom-score-adj\" flag: must be a number\nError: mode: Invalid value: \"y\": must be one of iptables, ipvs, nftables\n")]
    [InlineData("--config=/no/such/file", 1, "", "Error: /no/such/file: ")]
    [InlineData("--kubeconfig=/no/such/file", 1, "", "proxy] The API server: /no/such/file: ")]
    public async Task It_says_what_it_is_or_what_is_wrong_and_ends(string line, int code, string output, string errors)
    {
        Assert.Equal(code, await RunAsync([.. line.Split(' '), "--hostname-override=n"]));
        Assert.StartsWith(output, _output.ToString());
        Assert.Contains(errors, _errors.ToString());
        if (errors.Length == 0) Assert.Empty(_errors.ToString());
        Assert.Empty(_control.Fake.Changes);
    }

    [Fact]
    public async Task Init_only_cleanup_and_write_config_to_do_that_alone()
    {
        Assert.Equal(0, await RunAsync("--init-only", "--hostname-override=n", "--ipvs-strict-arp"));
        Assert.Equal(true, _control.Devices.IsArpStrict);
        Assert.Equal(0, _control.CleanUps);
        Assert.Equal(0, await RunAsync("--cleanup", "--hostname-override=n"));
        Assert.Equal(1, _control.CleanUps);
        var path = Path.Combine(_folder, "out.yaml");
        Assert.Equal(0, await RunAsync($"--write-config-to={path}", "--hostname-override=n", "--ipvs-scheduler=sh"));
        Assert.Contains("\n  scheduler: sh\n", await File.ReadAllTextAsync(path));
        Assert.Empty(_control.Fake.Changes);
    }

    private Task<int> RunAsync(params string[] arguments) => Task.Run(() => new ProxyProcess(_ => _control, _output, TextWriter.Synchronized(_errors), "host", new FastTime(20)).RunAsync(arguments, _end.Token));

    private void Fill(string address, string? podPrefix = null)
    {
        Put(address, podPrefix);
        _server.Put("/api/v1/services", """{"metadata":{"name":"web","namespace":"ns"},"spec":{"clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],"ipFamilies":["IPv4"],"ports":[{"port":80,"protocol":"TCP"}]}}""");
        _server.Put("/apis/discovery.k8s.io/v1/endpointslices", """
            {"metadata":{"name":"web-1","namespace":"ns","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4","ports":[{"name":"","port":8080,"protocol":"TCP"}],
             "endpoints":[{"addresses":["10.244.0.5"],"nodeName":"node-1"},{"addresses":["10.244.1.5"],"nodeName":"node-2"}]}
            """);
        _server.Put("/apis/networking.k8s.io/v1/servicecidrs", """{"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/16"]}}""");
    }

    private void Put(string address, string? podPrefix)
    {
        var spec = podPrefix is null ? "{}" : $$"""{"podCIDR":"{{podPrefix}}","podCIDRs":["{{podPrefix}}"]}""";
        _server.Put("/api/v1/nodes", $$"""{"metadata":{"name":"node-1"},"spec":{{spec}},"status":{"addresses":[{"type":"InternalIP","address":"{{address}}"}]} }""");
    }

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            while (!holds()) await Task.Delay(5, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"it did not come to that; the log: {_errors}");
        }
    }

    private sealed class Control : INodeControl
    {
        public FakeProxyStore Fake { get; } = new();

        public FakeNodeNetwork Devices { get; } = new() { Local = { Address.Parse("10.0.0.9") } };

        public IProxyStore Store => Fake;

        public INodeNetwork Network => Devices;

        public FlowTimeouts Flows { get; private set; }

        public ServiceTimeouts Services { get; private set; }

        public int CleanUps { get; private set; }

        public bool HasTakenOver { get; private set; }

        public int ServicesAtTakeover { get; private set; }

        public void SetTimeouts(FlowTimeouts flows, ServiceTimeouts services) => (Flows, Services) = (flows, services);

        public void AdjustOomScore(int score) => Assert.Equal(-999, score);

        public DataPathStatus? ReadStatus() => new([("flows", 3, 10)], []);

        public Task FollowAsync(CancellationToken cancellation) => Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);

        public void CleanUp() => CleanUps++;

        public Task TakeOverAsync(IReadOnlyList<AddressMask> excluded, CancellationToken cancellation)
        {
            ServicesAtTakeover = Fake.Services.Count;
            HasTakenOver = true;
            return Task.CompletedTask;
        }
    }
}
