using System.Globalization;
using System.Text.Json;

namespace Weir.Kubernetes.Tests.Vectors;

/// <summary>A case of Kubernetes' TestCategorizeEndpoints: a Service's policies, its endpoints, the node, and which endpoints are chosen.</summary>
internal sealed class TopologyCase
{
    // With the feature gate PreferSameTrafficDistribution off, which Kubernetes 1.36 no longer can be, node hints mean nothing.
    private const string WithoutGate = "PreferSameNode_falls_back_to_same-zone_when_feature_gate_disabled";

    private TopologyCase(JsonElement vector)
    {
        var service = vector.GetProperty("service");
        var expect = vector.GetProperty("expect");
        Name = vector.GetProperty("name").GetString()!.Split('/')[^1];
        NodeName = vector.GetProperty("nodeName").GetString()!;
        NodeLabels = VectorFile.Labels(vector.GetProperty("nodeLabels"));
        IsInternalLocal = service.GetProperty("internalPolicyLocal").GetBoolean();
        IsExternal = service.GetProperty("nodePort").GetInt32() != 0 || VectorFile.Texts(service, "loadBalancerVIPs").Count > 0 || VectorFile.Texts(service, "externalIPs").Count > 0;
        IsExternalLocal = IsExternal && service.GetProperty("externalPolicyLocal").GetBoolean();
        Endpoints = vector.GetProperty("endpoints") is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(each => new TopologyEndpoint(each, Name != WithoutGate))] : [];
        Cluster = VectorFile.Texts(expect, "clusterEndpoints");
        Local = VectorFile.Texts(expect, "localEndpoints");
        Reachable = VectorFile.Texts(expect, "allReachableEndpoints");
        HasAny = expect.GetProperty("hasAnyEndpoints").GetBoolean();
    }

    /// <summary>All 32.</summary>
    public static IReadOnlyList<TopologyCase> All { get; } = [.. VectorFile.Read("topology.json", "cases").Select(static vector => new TopologyCase(vector))];

    public string Name { get; }

    /// <summary>Empty where it does not matter.</summary>
    public string NodeName { get; }

    public Dictionary<string, string> NodeLabels { get; }

    public bool IsInternalLocal { get; }

    /// <summary>Whether the Service has a node port, or an address that is not for the cluster alone.</summary>
    public bool IsExternal { get; }

    public bool IsExternalLocal { get; }

    public IReadOnlyList<TopologyEndpoint> Endpoints { get; }

    public IReadOnlyList<string> Cluster { get; }

    public IReadOnlyList<string> Local { get; }

    public IReadOnlyList<string> Reachable { get; }

    public bool HasAny { get; }

    /// <summary>An endpoint of a case.</summary>
    internal sealed class TopologyEndpoint(JsonElement endpoint, bool hasNodeHints)
    {
        private readonly string[] _parts = endpoint.GetProperty("endpoint").GetString()!.Split(':');

        public string Address => _parts[0];

        public ushort Port => ushort.Parse(_parts[1], CultureInfo.InvariantCulture);

        public bool IsLocal { get; } = endpoint.GetProperty("isLocal").GetBoolean();

        public bool IsReady { get; } = endpoint.GetProperty("ready").GetBoolean();

        public bool IsServing { get; } = endpoint.GetProperty("serving").GetBoolean();

        public bool IsTerminating { get; } = endpoint.GetProperty("terminating").GetBoolean();

        public IReadOnlyList<string> ZoneHints { get; } = VectorFile.Texts(endpoint, "zoneHints");

        public IReadOnlyList<string> NodeHints { get; } = hasNodeHints ? VectorFile.Texts(endpoint, "nodeHints") : [];
    }
}
