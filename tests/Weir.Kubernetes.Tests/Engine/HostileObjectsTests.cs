using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Weir.Kubernetes.Tests.Fakes;
using Weir.Kubernetes.Tests.Vectors;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Engine;

/// <summary>Objects with any part missing, empty or absurd: what can be read at all harms nothing but itself.</summary>
public sealed class HostileObjectsTests
{
    private static readonly string[] Values = ["null", "\"\"", "\"x\"", "0", "-1", "70000", "2147483647", "[]", "[null]", "{}", "\"10.0.0.1\"", "\"::1\"", "\"0.0.0.0/0\"", "\"fe80::1%eth0\"", "\"999.1.1.1\"", "\"Local\"", "true"];

    [Fact]
    public void Nothing_that_an_object_says_stops_the_others()
    {
        var services = FlowGroup.All.SelectMany(static group => group.Services).Select(static service => KubernetesJson.Serialize(service)).Distinct().ToList();
        var slices = FlowGroup.All.SelectMany(static group => group.Slices).Select(static slice => KubernetesJson.Serialize(slice)).Distinct().ToList();
        var read = 0;
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var bench = FlowGroup.All[random.Next(FlowGroup.All.Count)] is var group ? new ProxyBench(group.Options) : null!;
            bench.Network.Local.AddRange(group.Local);
            bench.Start([Make.Service("good", "10.99.99.99")], [Make.Slice("good", "10.99.1.1")]);
            for (var i = 0; i < 20; i++)
            {
                if (Damage<V1Service>(services[random.Next(services.Count)], random) is { } service)
                {
                    bench.Proxy.Set(service);
                    read++;
                }
                if (Damage<V1EndpointSlice>(slices[random.Next(slices.Count)], random) is { } slice)
                {
                    bench.Proxy.Set(slice);
                    read++;
                }
            }
            bench.Settle();
            Assert.All(bench.Reports, static report => Assert.False(report.IsFailed));
            Assert.Equal(Address.Parse("10.99.1.1"), bench.Service("10.99.99.99", 80).Servers[0].Key.Address);
            foreach (var key in bench.Store.Services.Keys) Assert.True(key.Port != 0 && key.Address != default, $"{seed}: {key}");
        }
        Assert.True(read > 1500, $"{read}");
    }

    /// <summary>The object with one or two of its values exchanged, or null where the reader of JSON refuses it.</summary>
    private static T? Damage<T>(string json, Random random)
        where T : class
    {
        var root = JsonNode.Parse(json)!;
        for (var i = random.Next(1, 3); i > 0; i--)
        {
            var places = new List<(JsonNode Owner, object Key)>();
            Collect(root, places);
            var (owner, key) = places[random.Next(places.Count)];
            var value = JsonNode.Parse(Values[random.Next(Values.Length)]);
            if (key is string name) owner.AsObject()[name] = value;
            else owner.AsArray()[(int)key] = value;
        }
        try
        {
            return KubernetesJson.Deserialize<T>(root.ToJsonString());
        }
        // The client library's reader of targetPort says so of what is neither text nor number.
        catch (Exception problem) when (problem is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    private static void Collect(JsonNode node, List<(JsonNode Owner, object Key)> places)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                places.Add((node, name));
                if (value is not null) Collect(value, places);
            }
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
            {
                places.Add((node, i));
                if (items[i] is { } item) Collect(item, places);
            }
        }
    }
}
