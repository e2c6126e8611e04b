using System.Net;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Weir.Kubernetes.Api;

namespace Weir.Kubernetes.Tests.Api;

/// <summary>A reflector against an API server that does all that API servers do to their clients.</summary>
public sealed class ReflectorTests : IAsyncDisposable
{
    private const string Services = "/api/v1/services";

    private readonly ApiServer _server = new();
    private readonly RecordingSink<V1Service> _sink = new();
    private readonly CancellationTokenSource _end = new();
    private readonly List<IDisposable> _connections = [];
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _running;
        _server.Dispose();
        _end.Dispose();
        foreach (var each in _connections) each.Dispose();
    }

    [Fact]
    public async Task What_is_there_is_listed_and_what_changes_follows()
    {
        _server.Put(Services, Service("a"));
        _server.Put(Services, Service("b"));
        Run();
        Assert.Equal("=a,b", await _sink.NextAsync());
        _server.Put(Services, Service("c"));
        Assert.Equal("+c", await _sink.NextAsync());
        _server.Put(Services, Service("a"));
        Assert.Equal("+a", await _sink.NextAsync());
        _server.Delete(Services, "ns/b");
        Assert.Equal("-b", await _sink.NextAsync());
    }

    [Fact]
    public async Task Kube_proxys_selectors_are_asked_for_in_lists_and_watches()
    {
        Run();
        await _sink.NextAsync();
        await WatchedAsync(1);
        var requests = _server.Requests.ToArray();
        Assert.Equal(2, requests.Length);
        Assert.All(requests, request => Assert.Contains("labelSelector=%21service.kubernetes.io%2Fservice-proxy-name&fieldSelector=spec.clusterIP%21%3DNone", request));
        Assert.Contains("limit=500", requests[0]);
        Assert.Contains("allowWatchBookmarks=true", requests[1]);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        _server.PageSize = 2;
        foreach (var name in (string[])["a", "b", "c", "d", "e"]) _server.Put(Services, Service(name));
        Run();
        Assert.Equal("=a,b,c,d,e", await _sink.NextAsync());
        Assert.Equal(3, _server.Requests.Count(request => !request.Contains("watch=true")));
    }

    [Fact]
    public async Task A_list_whose_pages_expire_is_asked_for_anew()
    {
        _server.PageSize = 2;
        foreach (var name in (string[])["a", "b", "c"]) _server.Put(Services, Service(name));
        var pages = 0;
        _server.Fault = request =>
        {
            if (request.QueryString["continue"] is not null && pages++ == 0) _server.Compact();
            return null;
        };
        Run();
        Assert.Equal("=a,b,c", await _sink.NextAsync());
        Assert.Equal(2, pages);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_compaction_a_new_list_says_what_went_meanwhile(bool byEvent)
    {
        _server.RefusesByEvent = byEvent;
        _server.Put(Services, Service("a"));
        _server.Put(Services, Service("b"));
        Run();
        Assert.Equal("=a,b", await _sink.NextAsync());
        await WatchedAsync(1);
        // Gone while the watch is broken, and its trace too.
        _server.Delete(Services, "ns/a", tells: false);
        _server.Compact();
        _server.EndWatches(breaks: true);
        Assert.Equal("=b", await _sink.NextAsync());
        await WatchedAsync(1);
        _server.Put(Services, Service("c"));
        Assert.Equal("+c", await _sink.NextAsync());
    }

    [Fact]
    public async Task A_bookmark_moves_the_version_on()
    {
        _server.Put(Services, Service("a"));
        Run();
        await _sink.NextAsync();
        await WatchedAsync(1);
        _server.Compact();
        _server.Bookmark(Services);
        _server.EndWatches(breaks: false);
        var version = _server.Version;
        await WatchedAsync(2);
        Assert.Contains($"resourceVersion={version}", _server.Requests.Last());
        Assert.True(_sink.IsSilent, "listed again");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_that_ends_is_made_again_where_it_ended(bool breaks)
    {
        Run();
        await _sink.NextAsync();
        for (var round = 1; round <= 5; round++)
        {
            await WatchedAsync(round);
            _server.Put(Services, Service($"s{round}"));
            Assert.Equal($"+s{round}", await _sink.NextAsync());
            _server.EndWatches(breaks);
        }
        Assert.Equal(1, _server.Requests.Count(request => !request.Contains("watch=true")));
    }

    [Fact]
    public async Task Half_an_event_is_none()
    {
        Run();
        await _sink.NextAsync();
        await WatchedAsync(1);
        _server.Send(Services, """{"type":"ADDED","object":{"metadata":{"name":"half","resourceVersion":"99"}""");
        _server.EndWatches(breaks: true);
        await WatchedAsync(2);
        _server.Put(Services, Service("whole"));
        Assert.Equal("+whole", await _sink.NextAsync());
    }

    [Fact]
    public async Task A_server_that_is_away_changes_nothing_and_is_found_when_it_is_back()
    {
        _server.Put(Services, Service("a"));
        Run();
        await _sink.NextAsync();
        await WatchedAsync(1);
        var refused = 0;
        var back = new TaskCompletionSource();
        _server.Fault = _ =>
        {
            if (Interlocked.Increment(ref refused) == 8) back.SetResult();
            return (503, "<html>no API here</html>");
        };
        _server.EndWatches(breaks: true);
        await back.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(_sink.IsSilent, "the sink was told something while the server was away");
        _server.Fault = null;
        _server.Put(Services, Service("b"));
        Assert.Equal("+b", await _sink.NextAsync());
    }

    [Fact]
    public async Task A_server_that_has_older_data_than_we_is_asked_for_what_it_has()
    {
        _server.Put(Services, Service("a"));
        Run();
        await _sink.NextAsync();
        await WatchedAsync(1);
        // Another store was put under it: its versions are behind, and it says so of lists.
        _server.Send(Services, """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"99999"}}}""" + "\n" + """{"type":"ERROR","object":{"code":410,"reason":"Expired"}}""" + "\n");
        Assert.Equal("=a", await _sink.NextAsync());
    }

    [Fact]
    public async Task An_object_that_cannot_be_read_does_not_take_others_with_it()
    {
        _server.Put(Services, Service("a"));
        _server.Put(Services, """{"metadata":{"name":"bad","namespace":"ns"},"spec":{"ports":[{"port":"eighty"}]}}""");
        _server.Put(Services, Service("c"));
        var reflector = Run();
        Assert.Equal("=a,c", await _sink.NextAsync());
        await WatchedAsync(1);
        _server.Put(Services, """{"metadata":{"name":"worse","namespace":"ns"},"spec":[]}""");
        _server.Send(Services, """{"type":"ADDED","object":{"metadata":{}}}""" + "\n" + """{"type":"NONSENSE","object":{"metadata":{"name":"x"}}}""" + "\n");
        _server.Put(Services, Service("d"));
        Assert.Equal("+d", await _sink.NextAsync());
        Assert.Equal(3, reflector.Ignored);
        Assert.Equal(1, _server.Watches(Services));
    }

    [Fact]
    public async Task What_is_no_JSON_ends_the_watch_and_nothing_else()
    {
        Run();
        await _sink.NextAsync();
        await WatchedAsync(1);
        _server.Send(Services, "<html>\n");
        await WatchedAsync(2);
        _server.Put(Services, Service("a"));
        Assert.Equal("+a", await _sink.NextAsync());
    }

    [Fact]
    public async Task A_server_that_does_not_know_the_field_is_asked_without()
    {
        _server.Put(Services, Service("a"));
        _server.Fault = request => request.QueryString["fieldSelector"] is null ? null : (400, """{"code":400,"reason":"BadRequest","message":"field label not supported: spec.clusterIP"}""");
        Run();
        Assert.Equal("=a", await _sink.NextAsync());
        await WatchedAsync(1);
        Assert.DoesNotContain("fieldSelector", _server.Requests.Last());
    }

    [Fact]
    public async Task Too_many_requests_are_heeded()
    {
        var times = 0;
        // Lists: the watch that follows may come before the count is looked at.
        _server.Fault = request => request.QueryString["watch"] is null && times++ < 2 ? (429, """{"code":429,"reason":"TooManyRequests","message":"later"}""") : null;
        Run();
        Assert.Equal("=", await _sink.NextAsync());
        Assert.Equal(3, times);
    }

    [Fact]
    public async Task A_kind_that_a_cluster_does_not_have_counts_as_none_and_is_asked_for_again()
    {
        var sink = new RecordingSink<V1ServiceCIDR>();
        var has = false;
        _server.Fault = _ => has ? null : (404, "404 page not found");
        _running = new Reflector<V1ServiceCIDR>(Connection(), ApiResources.ServiceCidrs, sink, NullLogger.Instance, new FastTime(2000), new Random(1)).RunAsync(_end.Token);
        Assert.Equal("=", await sink.NextAsync());
        has = true;
        _server.Put("/apis/networking.k8s.io/v1/servicecidrs", """{"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/16"]}}""");
        Assert.Equal("=kubernetes", await sink.NextAsync());
    }

    [Fact]
    public async Task A_refused_list_is_no_empty_list()
    {
        var times = 0;
        _server.Fault = _ => times++ < 5 ? (403, """{"code":403,"reason":"Forbidden","message":"services is forbidden"}""") : null;
        _server.Put(Services, Service("a"));
        Run();
        Assert.Equal("=a", await _sink.NextAsync());
    }

    private static string Service(string name) => $$"""
        {"metadata":{"name":"{{name}}","namespace":"ns"},"spec":{"type":"ClusterIP","clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],"ports":[{"port":80,"protocol":"TCP","targetPort":"http"}]} }
        """;

    private Reflector<V1Service> Run()
    {
        var reflector = new Reflector<V1Service>(Connection(), ApiResources.Services, _sink, NullLogger.Instance, new FastTime(100), new Random(1));
        _running = reflector.RunAsync(_end.Token);
        return reflector;
    }

    private ApiConnection Connection()
    {
        var connection = new ApiConnection(new KubernetesClientConfiguration { Host = _server.Address });
        _connections.Add(connection);
        return connection;
    }

    /// <summary>Waits until so many watches were asked for and one is open.</summary>
    private async Task WatchedAsync(int times)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (_server.Watches(Services) == 0 || _server.Requests.Count(request => request.Contains("watch=true")) < times) await Task.Delay(5, limit.Token);
    }
}
