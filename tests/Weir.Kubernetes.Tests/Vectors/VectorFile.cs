using System.Text.Json;
using k8s;
using k8s.Models;
using Weir.Kubernetes.Engine;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>Reads the vectors that were captured from Kubernetes' own tests (Apache-2.0; each file names its source).</summary>
internal static class VectorFile
{
    /// <summary>The elements of a list of a file.</summary>
    public static IReadOnlyList<JsonElement> Read(string file, string list)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", file)));
        return [.. document.RootElement.Clone().GetProperty(list).EnumerateArray()];
    }

    /// <summary>What a group's configuration says to a proxy.</summary>
    public static ProxyOptions Options(JsonElement config)
    {
        var node = config.GetProperty("nodeIP").GetString();
        var pods = config.GetProperty("detectLocal").GetString() ?? "";
        return new ProxyOptions
        {
            NodeName = config.GetProperty("nodeName").GetString()!,
            NodeAddresses = Address.TryParse(node, out var address) ? [address] : [],
            MasqueradeAll = config.GetProperty("masqueradeAll").GetBoolean(),
            NodePortPrefixes = [.. Texts(config, "nodePortAddresses").Select(Prefix)],
            PodPrefixes = pods.StartsWith("-s ", StringComparison.Ordinal) ? [Prefix(pods[3..])] : [],
            MinSyncPeriod = TimeSpan.Zero,
        };
    }

    /// <summary>The Services of a group.</summary>
    public static IReadOnlyList<V1Service> Services(JsonElement group) => Objects<V1Service>(group, "services");

    /// <summary>The endpoint slices of a group.</summary>
    public static IReadOnlyList<V1EndpointSlice> Slices(JsonElement group) => Objects<V1EndpointSlice>(group, "endpointSlices");

    /// <summary>The ServiceCIDRs of a group.</summary>
    public static IReadOnlyList<V1ServiceCIDR> ServiceCidrs(JsonElement config) =>
        config.TryGetProperty("serviceCIDRs", out var cidrs) && !string.IsNullOrEmpty(cidrs.GetString())
            ? [new() { Metadata = new() { Name = "kubernetes" }, Spec = new() { Cidrs = cidrs.GetString()!.Split(',') } }]
            : [];

    /// <summary>The Node of a group.</summary>
    public static V1Node Node(JsonElement config) => new()
    {
        Metadata = new() { Name = config.GetProperty("nodeName").GetString(), Labels = Labels(config.GetProperty("topologyLabels")) },
    };

    /// <summary>A list of texts; none where it is null.</summary>
    public static IReadOnlyList<string> Texts(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(static text => text.GetString()!)] : [];

    /// <summary>A map of texts; none where it is null.</summary>
    public static Dictionary<string, string> Labels(JsonElement map) =>
        map.ValueKind == JsonValueKind.Object ? map.EnumerateObject().ToDictionary(static pair => pair.Name, static pair => pair.Value.GetString()!) : [];

    private static IReadOnlyList<T> Objects<T>(JsonElement group, string name) =>
        group.GetProperty(name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(static item => KubernetesJson.Deserialize<T>(item))] : [];

    private static AddressMask Prefix(string text)
    {
        var parts = text.Split('/');
        return AddressMask.Prefix(Address.Parse(parts[0]), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
    }
}
