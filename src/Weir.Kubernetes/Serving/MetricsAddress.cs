namespace Weir.Kubernetes.Serving;

/// <summary>What the metrics address answers.</summary>
/// <param name="metrics">For /metrics.</param>
/// <param name="mode">For /proxyMode.</param>
/// <param name="configuration">For /configz: KubeProxyConfiguration as JSON.</param>
public sealed class MetricsAddress(Func<string> metrics, string mode, string configuration)
{
    /// <summary>Answers a request.</summary>
    public HttpAnswer Answer(string path) => path switch
    {
        "/metrics" => new(200, metrics(), MetricsText.ContentType),
        "/healthz" => new(200, "ok") { Headers = ["X-Content-Type-Options: nosniff"] },
        "/proxyMode" => new(200, mode) { Headers = ["X-Content-Type-Options: nosniff"] },
        "/configz" => new(200, $$"""{"kubeproxy.config.k8s.io":{{configuration}}}""" + "\n", "application/json"),
        _ => HttpAnswer.NotFound,
    };
}
