using System.Text.Json.Serialization;

namespace Weir.Kubernetes.Api;

/// <summary>What an API server says when it does not do what it is asked: a Status object, as far as it matters here.</summary>
internal sealed record StatusAnswer
{
    [JsonPropertyName("message")]
    public string? Message { get; init; }

    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    [JsonPropertyName("code")]
    public int? Code { get; init; }
}
