using System.Net;

namespace Weir.Kubernetes.Api;

/// <summary>An answer of an API server that is not what was asked for.</summary>
public sealed class ApiException : Exception
{
    /// <summary>Says what was answered to which request.</summary>
    /// <param name="status">The HTTP status, or the code of a Status object.</param>
    /// <param name="reason">The Status object's reason (Expired, NotFound, …), empty where it has none.</param>
    /// <param name="message">A sentence for people.</param>
    public ApiException(HttpStatusCode status, string reason, string message)
        : base(message) => (Status, Reason) = (status, reason);

    /// <summary>The HTTP status.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>The Status object's reason.</summary>
    public string Reason { get; }

    /// <summary>How long the server wants to be left alone (Retry-After), or null.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the resource version that was asked for is no longer kept (410, Expired), or not reached yet (after a server with older data took over).</summary>
    public bool IsVersionUnavailable =>
        Status == HttpStatusCode.Gone || Reason is "Expired" or "Gone" || (Status == HttpStatusCode.GatewayTimeout && Message.Contains("Too large resource version", StringComparison.Ordinal));
}
