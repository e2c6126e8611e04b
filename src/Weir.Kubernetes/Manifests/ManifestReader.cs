using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;
using Weir.Kubernetes.Api;
using Weir.Kubernetes.Yaml;

namespace Weir.Kubernetes.Manifests;

/// <summary>Reads the objects of a manifest that a Service proxy lives on. What the API server would fill in is filled in here.</summary>
public static class ManifestReader
{
    /// <summary>The objects of a text of YAML or JSON: several documents, lists too. Other kinds are left out.</summary>
    /// <exception cref="FormatException">The text is none, or an object is not what its kind says.</exception>
    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Read(string text)
    {
        var result = new List<IKubernetesObject<V1ObjectMeta>>();
        try
        {
            foreach (var document in YamlJson.Read(text)) Add(document, result);
        }
        catch (Exception problem) when (problem is JsonException or NotSupportedException or OverflowException or InvalidOperationException or InvalidCastException or ArgumentException)
        {
            throw new FormatException(problem.Message, problem);
        }
        return result;
    }

    private static void Add(JsonNode? node, List<IKubernetesObject<V1ObjectMeta>> result)
    {
        if (node is not JsonObject value) throw new FormatException("a document is no object");
        var kind = (string?)value["kind"] ?? throw new FormatException("an object has no kind");
        if (kind.EndsWith("List", StringComparison.Ordinal))
        {
            foreach (var item in value["items"]?.AsArray() ?? [])
            {
                // The items of a typed list need not repeat what they are.
                if (item is JsonObject child && child["kind"] is null && kind.Length > 4) child["kind"] = kind[..^4];
                Add(item, result);
            }
            return;
        }
        switch ((string?)value["apiVersion"], kind)
        {
            case (null or "v1", "Service"):
                result.Add(Default(Object(value, ApiJson.Default.V1Service)));
                break;
            case (null or "discovery.k8s.io/v1", "EndpointSlice"):
                result.Add(Default(Object(value, ApiJson.Default.V1EndpointSlice)));
                break;
            case (null or "v1", "Node"):
                result.Add(Object(value, ApiJson.Default.V1Node));
                break;
            case (null or "networking.k8s.io/v1" or "networking.k8s.io/v1beta1", "ServiceCIDR"):
                result.Add(Object(value, ApiJson.Default.V1ServiceCIDR));
                break;
        }
    }

    private static T Object<T>(JsonObject value, JsonTypeInfo<T> type)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var result = value.Deserialize(type);
        return string.IsNullOrEmpty(result?.Metadata?.Name) ? throw new FormatException($"a {value["kind"]} has no name") : result;
    }

    private static V1Service Default(V1Service service)
    {
        DefaultNamespace(service.Metadata);
        if (service.Spec is not { } spec) return service;
        spec.ClusterIP ??= spec.ClusterIPs is [var first, ..] ? first : "";
        if (spec.ClusterIPs is not { Count: > 0 }) spec.ClusterIPs = [spec.ClusterIP];
        if (spec.IpFamilies is not { Count: > 0 }) spec.IpFamilies = [.. spec.ClusterIPs.Select(static address => address?.Contains(':') == true ? "IPv6" : "IPv4")];
        return service;
    }

    private static V1EndpointSlice Default(V1EndpointSlice slice)
    {
        DefaultNamespace(slice.Metadata);
        foreach (var port in slice.Ports ?? []) port?.Name ??= "";
        return slice;
    }

    private static void DefaultNamespace(V1ObjectMeta metadata)
    {
        if (string.IsNullOrEmpty(metadata.NamespaceProperty)) metadata.NamespaceProperty = "default";
    }
}
