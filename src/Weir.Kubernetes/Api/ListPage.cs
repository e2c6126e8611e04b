using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;

namespace Weir.Kubernetes.Api;

/// <summary>One page of a list. Its items are read one by one, so one that cannot be read does not take the others with it.</summary>
internal sealed record ListPage
{
    [JsonPropertyName("metadata")]
    public V1ListMeta? Metadata { get; init; }

    [JsonPropertyName("items")]
    public IReadOnlyList<JsonElement>? Items { get; init; }
}
