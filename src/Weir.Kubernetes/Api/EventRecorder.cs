using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Weir.Kubernetes.Api;

/// <summary>Tells the cluster what it should know of this proxy, as events about its node and its services. An event that cannot be written is a line in the log and no more.</summary>
public sealed class EventRecorder(ApiConnection api, string nodeName, ILogger logger, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private int _number;

    /// <summary>The proxy has started.</summary>
    public Task StartedAsync(CancellationToken cancellation) => SendAsync(NodeReference(), "default", "Normal", "Starting", "StartKubeProxy", "", cancellation);

    /// <summary>The proxy runs, but not all of it: <paramref name="reason"/> is FailedToStartProxierHealthcheck, FailedToStartMetricServer, …</summary>
    public Task WarnAsync(string reason, string note, CancellationToken cancellation) =>
        SendAsync(NodeReference(), "default", "Warning", reason, "StartKubeProxy", note, cancellation);

    /// <summary>A service's health-check node port could not be opened.</summary>
    public Task HealthCheckFailedAsync(string serviceNamespace, string service, string note, CancellationToken cancellation) =>
        SendAsync(
            new() { Kind = "Service", NamespaceProperty = serviceNamespace, Name = service, Uid = $"{serviceNamespace}/{service}" },
            serviceNamespace, "Warning", "FailedToStartServiceHealthcheck", "Listen", note, cancellation);

    private V1ObjectReference NodeReference() => new() { Kind = "Node", Name = nodeName, Uid = nodeName };

    private async Task SendAsync(V1ObjectReference regarding, string into, string type, string reason, string action, string note, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        var value = new Eventsv1Event
        {
            ApiVersion = "events.k8s.io/v1",
            Kind = "Event",
            Metadata = new()
            {
                // As client-go: the object's name and the time in hexadecimal, so that no two are the same.
                Name = string.Create(CultureInfo.InvariantCulture, $"{regarding.Name}.{(now.ToUnixTimeMilliseconds() * 1_000_000) + Interlocked.Increment(ref _number):x}"),
                NamespaceProperty = into,
            },
            EventTime = now.UtcDateTime,
            ReportingController = "kube-proxy",
            ReportingInstance = $"kube-proxy-{nodeName}",
            Action = action,
            Reason = reason,
            Regarding = regarding,
            // The API takes 1 KiB.
            Note = note.Length > 1000 ? note[..1000] : note,
            Type = type,
        };
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, ApiJson.Default.Eventsv1Event));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            using var response = await api.SendAsync(HttpMethod.Post, $"apis/events.k8s.io/v1/namespaces/{into}/events", content, limit.Token);
        }
        catch (Exception problem) when (problem is ApiException or HttpRequestException or IOException or OperationCanceledException)
        {
            logger.LogInformation("The event {reason} is not recorded: {problem}", reason, problem.GetBaseException().Message);
        }
    }
}
