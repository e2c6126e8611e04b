using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Serving;
using Weir.Model;
using AddressFamily = System.Net.Sockets.AddressFamily;

namespace Weir.Kubernetes.Tests.Serving;

public sealed class ServingTests : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(30);

    private readonly FakeStatus _status = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public void Dispose() => _http.Dispose();

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, -1000, true)]
    [InlineData(-100, null, true)]
    [InlineData(-100, -59, true)]
    [InlineData(-100, -61, false)]
    public void A_proxy_is_healthy_until_a_change_waits_for_twice_the_sync_period(int? syncedAt, int? pendingSince, bool isHealthy)
    {
        var now = DateTimeOffset.UtcNow;
        _status.LastSync = syncedAt is { } at ? now.AddSeconds(at) : null;
        _status.PendingSince = pendingSince is { } since ? now.AddSeconds(since) : null;
        var health = new ProxyHealth(_status, s_period);
        Assert.Equal(isHealthy, health.IsHealthy);
        Assert.Equal(isHealthy ? 200 : 503, health.Answer("/livez").Status);
    }

    [Theory]
    [InlineData("/healthz", true, false, 200, true)]
    [InlineData("/healthz", false, false, 503, false)]
    [InlineData("/healthz", true, true, 503, false)]
    [InlineData("/livez", false, false, 200, true)]
    [InlineData("/livez", true, true, 503, false)]
    public void Healthz_is_about_the_node_too_and_livez_is_not(string path, bool isEligible, bool isLate, int status, bool healthy)
    {
        var now = DateTimeOffset.UtcNow;
        _status.LastSync = now.AddMinutes(-10);
        _status.PendingSince = isLate ? now.AddMinutes(-9) : null;
        _status.IsNodeEligible = isEligible;
        var answer = new ProxyHealth(_status, s_period).Answer(path);
        var body = JsonNode.Parse(answer.Body)!;
        Assert.Equal(status, answer.Status);
        Assert.Equal("application/json", answer.ContentType);
        Assert.Contains("X-Content-Type-Options: nosniff", answer.Headers);
        Assert.Equal(healthy, body["healthy"]!.GetValue<bool>());
        Assert.Equal(path == "/healthz", body.AsObject().ContainsKey("nodeEligible"));
        Assert.Equal(!isLate, body["status"]!["IPv4"]!["healthy"]!.GetValue<bool>());
        Assert.Equal(!isLate, body["status"]!["IPv6"]!["healthy"]!.GetValue<bool>());
        var updated = DateTimeOffset.Parse(body["lastUpdated"]!.GetValue<string>());
        // Who is well says so of now; who is not, when it last was.
        if (status == 200) Assert.True(updated >= now, body.ToJsonString());
        else Assert.True(updated < now || !isLate, body.ToJsonString());
    }

    [Fact]
    public async Task The_server_answers_what_is_asked_and_refuses_the_rest()
    {
        await using var server = new HttpServer(new IPEndPoint(IPAddress.Loopback, 0), path => path == "/x" ? new(200, "it is ü") { Headers = ["X-A: b"] } : path == "/throws" ? throw new InvalidOperationException("no") : HttpAnswer.NotFound);
        var address = $"http://{server.EndPoint}";
        using (var answer = await _http.GetAsync($"{address}/x?verbose=1"))
        {
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("it is ü", await answer.Content.ReadAsStringAsync());
            Assert.Equal("b", answer.Headers.GetValues("X-A").Single());
        }
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync($"{address}/y")).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await _http.GetAsync($"{address}/throws")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _http.PostAsync($"{address}/x", new ByteArrayContent(new byte[100_000]))).StatusCode);
        using (var head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{address}/x"))) Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.StartsWith("HTTP/1.1 400 ", await SayAsync(server.EndPoint, "hello\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 431 ", await SayAsync(server.EndPoint, $"GET /{new string('x', 20000)}"));
        Assert.Contains("it is", await SayAsync(server.EndPoint, "GET http://lb.example/x HTTP/1.1\r\nHost: lb.example\r\n\r\n"));
        // Many at once, and some that say nothing and stay.
        var silent = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => { var socket = new Socket(SocketType.Stream, ProtocolType.Tcp); await socket.ConnectAsync(server.EndPoint); return socket; }));
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ => Assert.Equal("it is ü", await _http.GetStringAsync($"{address}/x"))));
        foreach (var each in silent) each.Dispose();
    }

    [Fact]
    public async Task A_port_that_is_taken_is_refused()
    {
        await using var server = new HttpServer(new IPEndPoint(IPAddress.Loopback, 0), _ => HttpAnswer.NotFound);
        Assert.Throws<SocketException>(() => new HttpServer(server.EndPoint, _ => HttpAnswer.NotFound));
    }

    [Fact]
    public async Task Health_check_ports_open_answer_and_close_with_their_services()
    {
        using var end = new CancellationTokenSource();
        var failures = new List<string>();
        _status.NodePortAddresses = [Address.Parse("127.0.0.1"), Address.Parse("127.0.0.2"), Address.Parse("::1")];
        var port = FreePort();
        await using var ports = new HealthCheckPorts(_status, new ProxyHealth(_status, s_period), NullLogger.Instance, (_, note) => { failures.Add(note); return Task.CompletedTask; });
        var running = ports.RunAsync(end.Token);
        _status.ChangeHealthChecks(Checks(port, 3));
        foreach (var host in (string[])["127.0.0.1", "127.0.0.2", "[::1]"])
        {
            using var answer = await GetAsync($"http://{host}:{port}/anything");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("""{"service":{"namespace":"ns","name":"web"},"localEndpoints":3,"serviceProxyHealthy":true}""", await answer.Content.ReadAsStringAsync());
            Assert.Equal("3", answer.Headers.GetValues("X-Load-Balancing-Endpoint-Weight").Single());
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        }
        _status.ChangeHealthChecks(Checks(port, 0));
        using (var answer = await GetAsync($"http://127.0.0.1:{port}/"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("""{"service":{"namespace":"ns","name":"web"},"localEndpoints":0,"serviceProxyHealthy":true}""", await answer.Content.ReadAsStringAsync());
        }
        _status.ChangeHealthChecks(Checks(port, 2));
        _status.LastSync = DateTimeOffset.UtcNow.AddHours(-1);
        _status.PendingSince = _status.LastSync;
        using (var answer = await GetAsync($"http://127.0.0.1:{port}/"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("\"serviceProxyHealthy\":false", await answer.Content.ReadAsStringAsync());
        }
        _status.ChangeHealthChecks();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await IsOpenAsync(port)) await Task.Delay(10, limit.Token);
        Assert.Empty(failures);
        await end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task A_health_check_port_that_cannot_be_opened_is_said_once()
    {
        using var end = new CancellationTokenSource();
        var failed = new TaskCompletionSource<string>();
        await using var other = new HttpServer(new IPEndPoint(IPAddress.Loopback, 0), _ => HttpAnswer.NotFound);
        _status.NodePortAddresses = [Address.Parse("127.0.0.1")];
        await using var ports = new HealthCheckPorts(_status, new ProxyHealth(_status, s_period), NullLogger.Instance, (check, note) => { failed.SetResult(note); return Task.CompletedTask; });
        var running = ports.RunAsync(end.Token);
        _status.ChangeHealthChecks(Checks((ushort)other.EndPoint.Port, 1));
        Assert.StartsWith($"node 127.0.0.1 failed to start healthcheck \"ns/web\" on port {other.EndPoint.Port}: ", await failed.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        _status.ChangeHealthChecks(Checks((ushort)other.EndPoint.Port, 2));
        await end.CancelAsync();
        await running;
    }

    [Fact]
    public void Metrics_are_kube_proxys_by_name_type_label_and_bucket()
    {
        using var metrics = new ProxyMetrics(
            _status, new ProxyHealth(_status, s_period), () => new([("flows", 5, 100)], [("flows created", 7)]), () => [("services", 2)]);
        _status.ServiceChanges = new(1, 20);
        _status.NoLocalEndpoints = new(1, 2, 3, 4);
        _status.LastSync = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);
        metrics.Requests.Add("200", "10.0.0.1:443", "GET");
        _status.Report(new SyncReport { At = DateTimeOffset.UtcNow, Duration = TimeSpan.FromMilliseconds(3), IsFull = true, Changed = 4, Failed = 1, ProgrammingDurations = [TimeSpan.FromSeconds(1.5)] });
        _status.Report(new SyncReport { At = DateTimeOffset.UtcNow, Duration = TimeSpan.FromMilliseconds(1), IsFull = false, Changed = 0, Failed = 0, IsFailed = true });
        var lines = metrics.Write().Split('\n');
        foreach (var line in (string[])
            [
                "# TYPE kubeproxy_sync_proxy_rules_duration_seconds histogram",
                "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.001\"} 1",
                "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv6\",le=\"0.004\"} 2",
                "kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"16.384\"} 2",
                "kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 2",
                "kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family=\"IPv4\"} 0.004",
                "kubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 1",
                "kubeproxy_sync_partial_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 1",
                "kubeproxy_network_programming_duration_seconds_bucket{ip_family=\"IPv4\",le=\"1\"} 0",
                "kubeproxy_network_programming_duration_seconds_bucket{ip_family=\"IPv4\",le=\"2\"} 1",
                "kubeproxy_network_programming_duration_seconds_bucket{ip_family=\"IPv4\",le=\"300\"} 1",
                "# TYPE kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge",
                "kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family=\"IPv4\"} 1700000000.5",
                "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family=\"IPv4\"} 0",
                "kubeproxy_sync_proxy_rules_service_changes_pending 1",
                "kubeproxy_sync_proxy_rules_service_changes_total 20",
                "kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family=\"IPv4\",traffic_policy=\"internal\"} 1",
                "kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family=\"IPv6\",traffic_policy=\"external\"} 4",
                "rest_client_requests_total{code=\"200\",host=\"10.0.0.1:443\",method=\"GET\"} 1",
                "weir_programming_errors_total 1",
                "weir_sync_failures_total 1",
                "weir_services_changed_total 4",
                "weir_ignored_objects_total{resource=\"services\"} 2",
                "weir_table_entries{table=\"flows\"} 5",
                "weir_datapath_events_total{event=\"flows created\"} 7",
            ])
        {
            Assert.Contains(line, lines);
        }
        Assert.Equal(15, Histogram.WorkBounds.Count);
        Assert.Equal([0.25, 0.5, 1, 59, 60, 115, 120, 300], [.. Histogram.WaitBounds.Take(3), Histogram.WaitBounds[60], Histogram.WaitBounds[61], Histogram.WaitBounds[72], Histogram.WaitBounds[73], Histogram.WaitBounds[79]]);
        Assert.Equal(80, Histogram.WaitBounds.Count);
    }

    [Fact]
    public void The_metrics_text_is_what_a_scraper_takes()
    {
        using var metrics = new ProxyMetrics(_status, new ProxyHealth(_status, s_period), () => null, () => []);
        var names = new HashSet<string>();
        string? current = null;
        foreach (var line in metrics.Write().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal)) Assert.True(names.Add(current = line.Split(' ')[2]), $"{line} twice");
            else if (!line.StartsWith('#')) Assert.Matches($"^{current}(_bucket|_sum|_count)?({{([a-z_]+=\"[^\"]*\",?)+}})? [-+0-9.eE]+$", line);
        }
        Assert.True(names.Count > 20);
    }

    [Theory]
    [InlineData("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "m")]
    [InlineData("/proxyMode", 200, "text/plain; charset=utf-8", "ipvs")]
    [InlineData("/healthz", 200, "text/plain; charset=utf-8", "ok")]
    [InlineData("/configz", 200, "application/json", "{\"kubeproxy.config.k8s.io\":{}}\n")]
    [InlineData("/debug/pprof", 404, "text/plain; charset=utf-8", "404 page not found\n")]
    public void The_metrics_address_has_kube_proxys_paths(string path, int status, string type, string body)
    {
        var answer = new MetricsAddress(() => "m", "ipvs", "{}").Answer(path);
        Assert.Equal((status, type, body), (answer.Status, answer.ContentType, answer.Body));
    }

    private static HealthCheck[] Checks(ushort port, int local) => [new("ns", "web", Weir.Model.AddressFamily.IPv4, port, local), new("ns", "web", Weir.Model.AddressFamily.IPv6, port, local)];

    private static ushort FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task<bool> IsOpenAsync(ushort port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string> SayAsync(IPEndPoint to, string text)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to);
        await socket.SendAsync(Encoding.Latin1.GetBytes(text));
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    /// <summary>Asks again while nothing listens yet.</summary>
    private async Task<HttpResponseMessage> GetAsync(string address)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                return await _http.GetAsync(address, limit.Token);
            }
            catch (HttpRequestException)
            {
                await Task.Delay(10, limit.Token);
            }
        }
    }
}
