using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Weir.Kubernetes.Tests.Api;

/// <summary>
/// Stands in for an API server: lists in pages and watches over HTTP, of whatever objects a test puts in, with the faults that it asks for. It goes by the
/// API's rules (one version for all objects, a watch begins after a version, a compacted version is refused) and looks into objects only as far as that needs.
/// </summary>
internal sealed class ApiServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedDictionary<string, JsonObject>> _objects = [];
    private readonly Dictionary<string, List<(int Version, string Line)>> _history = [];
    private readonly ConcurrentDictionary<int, (string Path, Channel<string?> Lines)> _watches = [];
    private int _version = 10;
    private int _compacted;
    private int _watchNumber;

    /// <summary>At a port of 127.0.0.1; 0: any that is free.</summary>
    public ApiServer(int port = 0)
    {
        Address = Listen(port);
        _ = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>Method, path and query of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>The bodies of what was posted.</summary>
    public ConcurrentQueue<(string Path, JsonNode Body)> Posted { get; } = [];

    /// <summary>Answers a request in another way than by the rules: status and body, or null.</summary>
    public Func<HttpListenerRequest, (int Status, string Body)?>? Fault { get; set; }

    /// <summary>Whether a compacted version is refused by the HTTP status or by an event of a watch that has begun.</summary>
    public bool RefusesByEvent { get; set; }

    /// <summary>How many objects a page of a list has at most.</summary>
    public int PageSize { get; set; } = int.MaxValue;

    public int Watches(string path) => _watches.Values.Count(each => each.Path == path);

    public string Version => _version.ToString();

    public void Put(string path, string json)
    {
        lock (_lock)
        {
            var value = (JsonObject)JsonNode.Parse(json)!;
            var objects = _objects.TryGetValue(path, out var known) ? known : _objects[path] = new(StringComparer.Ordinal);
            var metadata = (JsonObject)value["metadata"]!;
            metadata["resourceVersion"] = (++_version).ToString();
            var key = $"{metadata["namespace"]}/{metadata["name"]}";
            var type = objects.ContainsKey(key) ? "MODIFIED" : "ADDED";
            objects[key] = value;
            Tell(path, type, value);
        }
    }

    public void Delete(string path, string key, bool tells = true)
    {
        lock (_lock)
        {
            if (!_objects[path].Remove(key, out var value)) throw new ArgumentException(key);
            value["metadata"]!["resourceVersion"] = (++_version).ToString();
            if (tells) Tell(path, "DELETED", value);
        }
    }

    public void Bookmark(string path)
    {
        lock (_lock) Send(path, $$"""{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"{{++_version}}"} } }""" + "\n");
    }

    /// <summary>Sends anything at all to those who watch.</summary>
    public void Send(string path, string text)
    {
        foreach (var (_, (watched, lines)) in _watches)
        {
            if (watched == path) lines.Writer.TryWrite(text);
        }
    }

    /// <summary>Forgets what was before; watches from there are refused.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            _compacted = ++_version;
            foreach (var each in _history.Values) each.Clear();
        }
    }

    /// <summary>Breaks connections, in the midst of an answer, or ends answers as a server does whose time is up.</summary>
    public void EndWatches(bool breaks)
    {
        foreach (var (_, (_, lines)) in _watches)
        {
            if (breaks) lines.Writer.TryWrite(null);
            else lines.Writer.TryComplete();
        }
    }

    public void Dispose()
    {
        EndWatches(breaks: true);
        _listener.Close();
    }

    private string Listen(int port)
    {
        while (true)
        {
            var address = $"http://127.0.0.1:{(port != 0 ? port : Random.Shared.Next(20000, 60000))}/";
            try
            {
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add(address);
                _listener.Start();
                return address;
            }
            catch (HttpListenerException) when (port == 0)
            {
                // Another has the port.
            }
        }
    }

    private void Tell(string path, string type, JsonObject value)
    {
        var line = $$"""{"type":"{{type}}","object":{{value.ToJsonString()}}}""" + "\n";
        if (!_history.TryGetValue(path, out var history)) _history[path] = history = [];
        history.Add((_version, line));
        Send(path, line);
    }

    private async Task AcceptAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _ = AnswerAsync(context);
            }
            catch (Exception problem) when (problem is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var request = context.Request;
        try
        {
            Requests.Enqueue($"{request.HttpMethod} {request.Url!.PathAndQuery}");
            var path = request.Url.AbsolutePath;
            if (Fault?.Invoke(request) is { } fault)
            {
                Answer(context, fault.Status, fault.Body);
            }
            else if (request.HttpMethod == "POST")
            {
                Posted.Enqueue((path, (await JsonNode.ParseAsync(request.InputStream))!));
                Answer(context, 201, "{}");
            }
            else if (request.QueryString["watch"] == "true")
            {
                await WatchAsync(context, path);
            }
            else
            {
                List(context, path);
            }
        }
        catch (Exception problem) when (problem is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            context.Response.Abort();
        }
    }

    private void List(HttpListenerContext context, string path)
    {
        lock (_lock)
        {
            var query = context.Request.QueryString;
            if (!_objects.TryGetValue(path, out var objects))
            {
                var slash = path.LastIndexOf('/');
                if (_objects.TryGetValue(path[..slash], out var kind) && kind.TryGetValue("/" + path[(slash + 1)..], out var one)) Answer(context, 200, one.ToJsonString());
                else if (path.StartsWith("/api/v1/nodes/", StringComparison.Ordinal)) Refuse(context, 404, "NotFound");
                else Answer(context, 200, $$$"""{"metadata":{"resourceVersion":"{{{_version}}}"},"items":null}""");
                return;
            }
            var from = 0;
            var version = _version;
            if (query["continue"] is { } token)
            {
                var parts = token.Split('@');
                (from, version) = (int.Parse(parts[0]), int.Parse(parts[1]));
                if (version < _compacted)
                {
                    Refuse(context, 410, "Expired");
                    return;
                }
            }
            else if (query["resourceVersion"] is { Length: > 0 } wanted && int.Parse(wanted) > _version)
            {
                Answer(context, 504, """{"reason":"Timeout","code":504,"message":"Too large resource version: 99, current: 10"}""");
                return;
            }
            var page = Math.Min(PageSize, int.Parse(query["limit"] ?? "1000000"));
            var items = objects.Values.Skip(from).Take(page).ToArray();
            var metadata = new JsonObject { ["resourceVersion"] = version.ToString() };
            if (from + items.Length < objects.Count) metadata["continue"] = $"{from + items.Length}@{version}";
            Answer(context, 200, new JsonObject { ["metadata"] = metadata, ["items"] = new JsonArray([.. items.Select(each => each.DeepClone())]) }.ToJsonString());
        }
    }

    private async Task WatchAsync(HttpListenerContext context, string path)
    {
        var lines = Channel.CreateUnbounded<string?>();
        var number = Interlocked.Increment(ref _watchNumber);
        lock (_lock)
        {
            var from = int.Parse(context.Request.QueryString["resourceVersion"]!);
            if (from < _compacted)
            {
                if (!RefusesByEvent)
                {
                    Refuse(context, 410, "Expired");
                    return;
                }
                lines.Writer.TryWrite("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}""" + "\n");
                lines.Writer.Complete();
            }
            if (_history.TryGetValue(path, out var history))
            {
                foreach (var (version, line) in history)
                {
                    if (version > from) lines.Writer.TryWrite(line);
                }
            }
            _watches[number] = (path, lines);
        }
        try
        {
            context.Response.SendChunked = true;
            await context.Response.OutputStream.FlushAsync();
            await foreach (var line in lines.Reader.ReadAllAsync())
            {
                if (line is null)
                {
                    context.Response.Abort();
                    return;
                }
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(line));
                await context.Response.OutputStream.FlushAsync();
            }
            context.Response.Close();
        }
        finally
        {
            _watches.TryRemove(number, out _);
        }
    }

    private static void Refuse(HttpListenerContext context, int status, string reason) =>
        Answer(context, status, JsonSerializer.Serialize(new { kind = "Status", code = status, reason, message = $"{reason} says the stand-in" }));

    private static void Answer(HttpListenerContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Close(Encoding.UTF8.GetBytes(body), willBlock: false);
    }
}
