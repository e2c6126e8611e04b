using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Objects;

namespace Weir.Kubernetes.Api;

/// <summary>
/// Keeps a sink as the API server has the objects of one kind: lists them, watches what changes, and lists again where the watch cannot go on. It never gives
/// up: while the server is away the sink keeps what it has. (The client library has no watch in its NativeAOT edition, and its own keeps no resource version.)
/// </summary>
/// <typeparam name="T">The kind.</typeparam>
public sealed class Reflector<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>How many objects a page of a list has.</summary>
    public const int PageSize = 500;

    /// <summary>How long after an answer that there is no such kind it is asked for again.</summary>
    public static readonly TimeSpan MissingRetry = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan s_watchAtLeast = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(30);

    private readonly ApiConnection _api;
    private readonly ApiResource<T> _resource;
    private readonly IObjectSink<T> _sink;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Backoff _backoff;

    /// <summary>What the sink has; "0" is any version that the server has at hand, empty the newest that there is.</summary>
    private string _version = "0";

    private bool _isListed;
    private bool _mayReadLatest;
    private bool _skipsFieldSelector;
    private int _expired;

    /// <summary>A reflector that does nothing before <see cref="RunAsync"/>.</summary>
    public Reflector(ApiConnection api, ApiResource<T> resource, IObjectSink<T> sink, ILogger logger, TimeProvider? time = null, Random? random = null)
    {
        _api = api;
        _resource = resource;
        _sink = sink;
        _logger = logger;
        _time = time ?? TimeProvider.System;
        _random = random ?? Random.Shared;
        // As client-go's reflector: 800 ms to 30 s.
        _backoff = new(TimeSpan.FromMilliseconds(800), TimeSpan.FromSeconds(30), _random);
    }

    /// <summary>How many objects could not be read.</summary>
    public long Ignored { get; private set; }

    /// <summary>When the server last sent anything, or null before the first time.</summary>
    public DateTimeOffset? LastHeard { get; private set; }

    /// <summary>Runs until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await RunOnceAsync(cancellation) is { } wait) await Task.Delay(wait, _time, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Lists where that is needed and watches once; how long to wait before the next time, null: not at all.</summary>
    private async Task<TimeSpan?> RunOnceAsync(CancellationToken cancellation)
    {
        try
        {
            if (!_isListed) await ListAsync(cancellation);
            var began = _time.GetTimestamp();
            var events = await WatchAsync(cancellation);
            if (events > 0 || _time.GetElapsedTime(began) > TimeSpan.FromSeconds(1))
            {
                _backoff.Reset();
                return null;
            }
            _logger.LogDebug("The watch of {resource} ended at once", _resource.Name);
        }
        catch (ApiException refusal) when (refusal.IsVersionUnavailable)
        {
            // A list that the server cannot give at a version is asked for as it is now.
            if (!_isListed) _mayReadLatest = true;
            _isListed = false;
            _logger.LogInformation("Listing {resource} again: version {version} is not available", _resource.Name, _version);
            if (_expired++ == 0) return null;
        }
        catch (ApiException refusal) when (refusal.Status == HttpStatusCode.NotFound && _resource.MayBeMissing)
        {
            _logger.LogInformation("The API server has no {resource}", _resource.Name);
            _sink.Replace([]);
            (_isListed, _version) = (false, "0");
            return MissingRetry;
        }
        catch (ApiException refusal) when (refusal.Status == HttpStatusCode.BadRequest && _resource.FieldSelector.Length > 0 && !_skipsFieldSelector)
        {
            _logger.LogWarning("Listing all {resource}: {problem}", _resource.Name, refusal.Message);
            _skipsFieldSelector = true;
            return null;
        }
        catch (ApiException refusal)
        {
            _logger.LogWarning("{problem}", refusal.Message);
            var wait = _backoff.Next();
            return refusal.RetryAfter is { } asked && asked > wait ? asked : wait;
        }
        catch (Exception problem) when (IsExpected(problem, cancellation))
        {
            _logger.LogWarning("{resource} from {host}: {problem}", _resource.Name, _api.Host, Innermost(problem));
        }
        return _backoff.Next();
    }

    /// <summary>What a network and a server that is going away lead to.</summary>
    private static bool IsExpected(Exception problem, CancellationToken cancellation) =>
        !cancellation.IsCancellationRequested
        && problem is HttpRequestException or IOException or JsonException or OperationCanceledException or System.Security.Authentication.AuthenticationException or UnauthorizedAccessException or k8s.Exceptions.KubeConfigException;

    private static string Innermost(Exception problem) => problem.GetBaseException() is OperationCanceledException ? "no answer in time" : problem.GetBaseException().Message;

    private async Task ListAsync(CancellationToken cancellation)
    {
        var objects = new List<T>();
        var version = _mayReadLatest ? "" : _version;
        string? next = null;
        do
        {
            var query = new StringBuilder(Selectors());
            // A server reads a certain version from its cache, whole; pages are for what it must read from its store.
            if (version is "" or "0") query.Append(CultureInfo.InvariantCulture, $"&limit={PageSize}");
            if (next is not null) query.Append("&continue=").Append(Uri.EscapeDataString(next));
            else if (version.Length > 0) query.Append("&resourceVersion=").Append(version).Append("&resourceVersionMatch=NotOlderThan");
            var page = await GetPageAsync(query.ToString(), cancellation);
            foreach (var item in page.Items ?? [])
            {
                if (Read(item) is { } each) objects.Add(each);
            }
            // What a page was read into is garbage by now. The collector would wait for a hundred megabytes of it, on a node whose memory is its pods'.
            if (next is not null) GC.Collect(0);
            next = page.Metadata?.ContinueProperty;
            _version = page.Metadata?.ResourceVersion ?? "0";
        }
        while (!string.IsNullOrEmpty(next));
        _logger.LogDebug("Listed {count} {resource} at version {version}", objects.Count, _resource.Name, _version);
        _sink.Replace(objects);
        _isListed = true;
        _mayReadLatest = false;
    }

    private async Task<ListPage> GetPageAsync(string query, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        using var response = await _api.SendAsync(HttpMethod.Get, $"{_resource.Path}?{query}", null, limit.Token);
        var page = await JsonSerializer.DeserializeAsync(await response.Content.ReadAsStreamAsync(limit.Token), ApiJson.Default.ListPage, limit.Token)
            ?? throw new JsonException("the list is null");
        LastHeard = _time.GetUtcNow();
        return page;
    }

    /// <summary>Watches until the server ends it; the number of events.</summary>
    private async Task<int> WatchAsync(CancellationToken cancellation)
    {
        var length = s_watchAtLeast * (1 + _random.NextDouble());
        using var limit = new CancellationTokenSource(length + s_grace, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var query = $"{Selectors()}&watch=true&allowWatchBookmarks=true&timeoutSeconds={(int)length.TotalSeconds}&resourceVersion={_version}";
        using var response = await _api.SendAsync(HttpMethod.Get, $"{_resource.Path}?{query}", null, either.Token);
        var lines = PipeReader.Create(await response.Content.ReadAsStreamAsync(either.Token));
        var events = 0;
        while (true)
        {
            var result = await lines.ReadAsync(either.Token);
            var buffer = result.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                Take(buffer.Slice(0, end));
                events++;
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }
            // What is left when the connection breaks is half an event.
            lines.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted) return events;
        }
    }

    private void Take(ReadOnlySequence<byte> line)
    {
        if (line.IsEmpty) return;
        var reader = new Utf8JsonReader(line);
        var change = JsonSerializer.Deserialize(ref reader, ApiJson.Default.WatchEvent) ?? throw new JsonException("the event is null");
        LastHeard = _time.GetUtcNow();
        switch (change.Type)
        {
            case "BOOKMARK":
                break;
            case "ADDED" or "MODIFIED":
                if (Read(change.Object) is { } changed) _sink.Set(changed);
                break;
            case "DELETED":
                if (Read(change.Object) is { } removed) _sink.Remove(removed);
                break;
            case "ERROR":
                throw Refusal(change.Object);
            default:
                _logger.LogWarning("An event of {resource} has the unknown type {type}", _resource.Name, change.Type);
                break;
        }
        // The version of an object that cannot be read counts too, or the watch would begin with it again.
        if (VersionOf(change.Object) is { Length: > 0 } version) _version = version;
        _expired = 0;
        _backoff.Reset();
    }

    private ApiException Refusal(JsonElement status)
    {
        var said = status.ValueKind == JsonValueKind.Object ? status.Deserialize(ApiJson.Default.StatusAnswer) : null;
        return new((HttpStatusCode)(said?.Code ?? 500), said?.Reason ?? "", $"watch {_resource.Name}: {said?.Code} {said?.Message}");
    }

    private T? Read(JsonElement item)
    {
        try
        {
            if (item.Deserialize(_resource.Json) is { } read && !string.IsNullOrEmpty(read.Metadata?.Name)) return read;
            _logger.LogWarning("An object of {resource} is ignored: it has no name", _resource.Name);
        }
        catch (Exception problem) when (problem is JsonException or FormatException or InvalidOperationException or NotSupportedException or ArgumentException or OverflowException)
        {
            _logger.LogWarning("{resource} {name} is ignored: {problem}", _resource.Name, NameOf(item), problem.Message);
        }
        Ignored++;
        return null;
    }

    private static string? VersionOf(JsonElement item) => StringOf(item, "resourceVersion");

    private static string NameOf(JsonElement item) => $"{StringOf(item, "namespace")}/{StringOf(item, "name")}";

    private static string? StringOf(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
            && metadata.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private string Selectors()
    {
        var parts = new List<string>();
        if (_resource.LabelSelector.Length > 0) parts.Add($"labelSelector={Uri.EscapeDataString(_resource.LabelSelector)}");
        if (_resource.FieldSelector.Length > 0 && !_skipsFieldSelector) parts.Add($"fieldSelector={Uri.EscapeDataString(_resource.FieldSelector)}");
        return string.Join('&', parts);
    }
}
