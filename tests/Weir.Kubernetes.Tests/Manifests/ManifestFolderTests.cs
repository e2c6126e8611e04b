using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Manifests;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Manifests;

/// <summary>A folder of files in place of an API server.</summary>
public sealed class ManifestFolderTests : IDisposable
{
    private const string Web = """
        # A Service as it is in git: no status, no families, no namespace.
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          clusterIP: 10.0.0.1
          ports:
          - port: 80
            targetPort: http
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: web-1
          labels: {"kubernetes.io/service-name": web}
        addressType: IPv4
        ports: [{port: 8080}]
        endpoints:
        - addresses: [10.1.0.1]
          nodeName: here
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        """;

    private const string List = """
        apiVersion: v1
        kind: List
        items:
        - apiVersion: v1
          kind: Node
          metadata: {name: here, labels: {topology.kubernetes.io/zone: z}}
        - apiVersion: networking.k8s.io/v1
          kind: ServiceCIDR
          metadata: {name: kubernetes}
          spec: {cidrs: [10.0.0.0/16, "fd00::/112"]}
        - apiVersion: v1
          kind: ServiceList
          items:
          - metadata: {name: six, namespace: other, annotations: {weir.dev/scheduler: lc}}
            spec: {clusterIPs: ["fd00::1"], ports: [{port: 53, protocol: UDP, name: dns}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("weir-manifests-").FullName;
    private readonly ProxyBench _bench = new(new ProxyOptions { NodeName = "here" });
    private readonly FakeLogger<ManifestFolder> _logger = new();
    private readonly ManifestFolder _manifests;

    public ManifestFolderTests() => _manifests = new ManifestFolder(_folder, _bench.Proxy, _logger);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Documents_lists_and_other_kinds_are_read()
    {
        Write("a.yaml", Web);
        Write("b.yml", List);
        Write("c.txt", "no: manifest: at all");
        Write(".d.yaml", "{");
        Assert.Equal("10.0.0.1:80=10.1.0.1:8080 fd00::1:53=", Scan());
        Assert.Equal("lc", _bench.Service("fd00::1", 53, ServiceProtocol.Udp).Service.Scheduler);
        Assert.Equal(["10.0.0.0/16", "fd00::/112"], _bench.Store.Settings.ServicePrefixes.Select(static prefix => prefix.ToString()));
        Assert.Empty(_logger.Lines);
        Assert.Empty(_bench.Logger.Lines);
    }

    [Fact]
    public void Json_is_yaml_too()
    {
        Write("a.json", """{"apiVersion":"v1","kind":"Service","metadata":{"name":"x"},"spec":{"clusterIP":"10.0.0.9","ports":[{"port":1}]}}""");
        Assert.Equal("10.0.0.9:1=", Scan());
    }

    [Fact]
    public void A_file_may_be_long()
    {
        Write("a.yaml", string.Join("\n---\n", Enumerable.Range(0, 5000).Select(static i => Web.Split("---")[0].Replace("name: web", $"name: s{i}").Replace("10.0.0.1", $"10.0.{i / 250}.{i % 250 + 1}"))));
        Assert.Equal(5000, Scan().Split(' ').Length);
        Assert.Empty(_logger.Lines);
    }

    [Fact]
    public void An_empty_folder_is_no_services()
    {
        Assert.Equal("", Scan());
        Assert.NotNull(_bench.Proxy.LastSync);
        Assert.True(_bench.Proxy.IsNodeEligible);
    }

    [Fact]
    public void Changes_are_followed()
    {
        Write("a.yaml", Web);
        Scan();
        Write("a.yaml", Web.Replace("10.1.0.1", "10.1.0.2"));
        Assert.Equal("10.0.0.1:80=10.1.0.2:8080", Scan());
        Write("b.yaml", List);
        Assert.Equal("10.0.0.1:80=10.1.0.2:8080 fd00::1:53=", Scan());
        File.Delete(Path.Combine(_folder, "a.yaml"));
        Assert.Equal("fd00::1:53=", Scan());
        var changes = _bench.Store.Changes.Count;
        Assert.Equal("fd00::1:53=", Scan());
        Assert.Equal(changes, _bench.Store.Changes.Count);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("kind: [")]
    [InlineData("just text")]
    [InlineData("- a\n- b")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: 7}")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: eighty}]}")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, targetPort: true}]}")]
    [InlineData("apiVersion: v1\nkind: Service\nspec: {}")]
    [InlineData("kind: {a: b}")]
    [InlineData("kind: List\nitems: 5")]
    [InlineData("? [a, b]\n: c")]
    public void A_broken_file_keeps_its_objects_and_is_named_once(string text)
    {
        Write("a.yaml", Web);
        Write("b.yaml", List);
        var before = Scan();
        Write("a.yaml", text);
        Write("c.yaml", Web.Split("---")[0].Replace("name: web", "name: late").Replace("10.0.0.1", "10.0.0.3"));
        Assert.Equal(string.Join(' ', before.Split(' ')[0], "10.0.0.3:80=", before.Split(' ')[1]), Scan());
        Scan();
        Assert.Contains("a.yaml", Assert.Single(_logger.Lines));
        Write("a.yaml", Web.Replace("10.1.0.1", "10.1.0.7"));
        Assert.Contains("10.0.0.1:80=10.1.0.7:8080", Scan());
    }

    [Fact]
    public void An_object_that_is_there_twice_is_named_and_the_first_counts()
    {
        Write("a.yaml", Web);
        Write("b.yaml", Web.Replace("10.0.0.1", "10.0.0.2"));
        Assert.Equal("10.0.0.1:80=10.1.0.1:8080", Scan());
        Assert.Equal(2, _logger.Lines.Count(static line => line.Contains("b.yaml") && line.Contains("twice")));
        Write("c.yaml", List);
        Scan();
        Assert.Equal(2, _logger.Lines.Count);
        File.Delete(Path.Combine(_folder, "a.yaml"));
        Assert.StartsWith("10.0.0.2:80=10.1.0.1:8080", Scan());
    }

    [Fact]
    public void A_folder_that_is_gone_keeps_its_objects()
    {
        Write("a.yaml", Web);
        var before = Scan();
        Directory.Delete(_folder, recursive: true);
        Assert.Equal(before, Scan());
        Assert.Single(_logger.Lines);
        Directory.CreateDirectory(_folder);
        Assert.Equal("", Scan());
    }

    [Fact]
    public async Task Changes_are_noticed()
    {
        Write("a.yaml", Web);
        var seen = new SemaphoreSlim(0);
        var sink = new RecordingProxy(seen);
        using var end = new CancellationTokenSource();
        var run = new ManifestFolder(_folder, sink.Proxy, _logger).RunAsync(end.Token);
        var loop = sink.Proxy.RunAsync(end.Token);
        await sink.Until(1);
        Write("b.yaml", List);
        await sink.Until(2);
        File.Move(Path.Combine(_folder, "a.yaml"), Path.Combine(_folder, "a.off"));
        await sink.Until(1);
        await end.CancelAsync();
        await Task.WhenAll(run, loop);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private string Scan()
    {
        _manifests.Scan();
        _bench.Settle();
        return string.Join(' ', _bench.Store.Services.Values.OrderBy(static s => s.Service.Key.Address).Select(static s =>
            $"{s.Service.Key.Address}:{s.Service.Key.Port}={string.Join(',', s.Servers.Select(static server => $"{server.Key.Address}:{server.Key.Port}"))}"));
    }

    /// <summary>A proxy whose number of services can be waited for.</summary>
    private sealed class RecordingProxy
    {
        private readonly FakeProxyStore _store = new();
        private readonly SemaphoreSlim _synced;

        public RecordingProxy(SemaphoreSlim synced)
        {
            _synced = synced;
            Proxy = new ServiceProxy(new ProxyOptions { NodeName = "here" }, _store, new FakeNodeNetwork(), new FakeLogger<ServiceProxy>());
            Proxy.Synchronized += _ => synced.Release();
        }

        public ServiceProxy Proxy { get; }

        public async Task Until(int count)
        {
            do
            {
                Assert.True(await _synced.WaitAsync(TimeSpan.FromSeconds(30)), $"{_store.Services.Count} services, not {count}");
            }
            while (_store.Services.Count != count);
        }
    }
}
