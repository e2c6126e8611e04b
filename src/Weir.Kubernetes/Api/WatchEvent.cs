using System.Text.Json;
using System.Text.Json.Serialization;

namespace Weir.Kubernetes.Api;

/// <summary>One line of a watch.</summary>
internal sealed record WatchEvent
{
    [JsonPropertyName("type")]
    public string? Type { get; init; }

    [JsonPropertyName("object")]
    public JsonElement Object { get; init; }
}
