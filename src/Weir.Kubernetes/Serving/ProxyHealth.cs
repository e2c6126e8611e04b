using System.Text;
using System.Text.Json;
using Weir.Kubernetes.Engine;

namespace Weir.Kubernetes.Serving;

/// <summary>Whether the proxy does its work, by kube-proxy's rules: it does while nothing has been waiting for twice the sync period.</summary>
public sealed class ProxyHealth(IProxyStatus status, TimeSpan syncPeriod, TimeProvider? time = null)
{
    private static readonly string[] s_headers = ["X-Content-Type-Options: nosniff"];

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Answers to /healthz so far, by status: 200 and 503.</summary>
    public LabeledCounter Healthz { get; } = new("code");

    /// <summary>Answers to /livez so far.</summary>
    public LabeledCounter Livez { get; } = new("code");

    /// <summary>Whether the proxy keeps up. One that has not done anything yet does.</summary>
    public bool IsHealthy => status.LastSync is null || status.PendingSince is not { } since || _time.GetUtcNow() - since < 2 * syncPeriod;

    /// <summary>What the health address answers.</summary>
    public HttpAnswer Answer(string path) => path switch
    {
        "/healthz" => Answer(Healthz, status.IsNodeEligible),
        "/livez" => Answer(Livez, null),
        _ => HttpAnswer.NotFound,
    };

    private HttpAnswer Answer(LabeledCounter answers, bool? isEligible)
    {
        var isHealthy = IsHealthy;
        var isWell = isHealthy && isEligible != false;
        var now = _time.GetUtcNow();
        // As kube-proxy: who is well is so now.
        var updated = isWell ? now : status.LastSync ?? default;
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("lastUpdated", updated);
            json.WriteString("currentTime", now);
            if (isEligible is { } eligible) json.WriteBoolean("nodeEligible", eligible);
            json.WriteBoolean("healthy", isWell);
            json.WriteStartObject("status");
            foreach (var family in (string[])["IPv4", "IPv6"])
            {
                json.WriteStartObject(family);
                json.WriteString("lastUpdated", isHealthy ? now : updated);
                json.WriteBoolean("healthy", isHealthy);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        var code = isWell ? 200 : 503;
        answers.Add(code.ToString());
        return new(code, Encoding.UTF8.GetString(buffer.ToArray()), "application/json") { Headers = s_headers };
    }
}
