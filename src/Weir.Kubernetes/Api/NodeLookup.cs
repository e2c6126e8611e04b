using System.Text.Json;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Weir.Model;

namespace Weir.Kubernetes.Api;

/// <summary>Asks for this node's object when the proxy starts, which may be before the kubelet has written its addresses.</summary>
public sealed class NodeLookup(ApiConnection api, string name, ILogger logger, TimeProvider? time = null)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The node's addresses, internal before external ones; empty where it has none within the limit.</summary>
    public async Task<IReadOnlyList<Address>> WaitForAddressesAsync(TimeSpan limit, CancellationToken cancellation) =>
        await WaitAsync(limit, AddressesOf, cancellation) ?? [];

    /// <summary>The prefixes of the node's pods; empty where it has none within the limit.</summary>
    public async Task<IReadOnlyList<string>> WaitForPodPrefixesAsync(TimeSpan limit, CancellationToken cancellation) =>
        await WaitAsync(limit, PodPrefixesOf, cancellation) ?? [];

    /// <summary>The addresses of a node object: internal before external ones, as GetNodeHostIPs has them.</summary>
    public static IReadOnlyList<Address> AddressesOf(V1Node node)
    {
        var result = new List<Address>();
        foreach (var kind in (string[])["InternalIP", "ExternalIP"])
        {
            foreach (var each in node.Status?.Addresses ?? [])
            {
                if (each.Type == kind && Address.TryParse(each.Address, out var address) && !result.Contains(address)) result.Add(address);
            }
        }
        return result;
    }

    /// <summary>The prefixes of a node object's pods.</summary>
    public static IReadOnlyList<string> PodPrefixesOf(V1Node node) =>
        node.Spec?.PodCIDRs is { Count: > 0 } several ? [.. several] : node.Spec?.PodCIDR is { Length: > 0 } one ? [one] : [];

    private async Task<IReadOnlyList<T>?> WaitAsync<T>(TimeSpan limit, Func<V1Node, IReadOnlyList<T>> read, CancellationToken cancellation)
    {
        var began = _time.GetTimestamp();
        string? said = null;
        while (true)
        {
            string problem;
            using var patience = new CancellationTokenSource(limit, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
            try
            {
                using var response = await api.SendAsync(HttpMethod.Get, $"api/v1/nodes/{Uri.EscapeDataString(name)}", null, either.Token);
                var node = await JsonSerializer.DeserializeAsync(await response.Content.ReadAsStreamAsync(either.Token), ApiJson.Default.V1Node, either.Token);
                if (node is not null && read(node) is { Count: > 0 } found) return found;
                problem = $"node {name} has none yet";
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException or JsonException
                or OperationCanceledException && !cancellation.IsCancellationRequested)
            {
                problem = failure.GetBaseException().Message;
            }
            if (problem != said) logger.LogInformation("Waiting for the node's object: {problem}", said = problem);
            if (_time.GetElapsedTime(began) + s_interval > limit) return null;
            await Task.Delay(s_interval, _time, cancellation);
        }
    }
}
