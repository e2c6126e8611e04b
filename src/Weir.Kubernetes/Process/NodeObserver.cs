using k8s.Models;
using Weir.Kubernetes.Api;
using Weir.Kubernetes.Objects;

namespace Weir.Kubernetes.Process;

/// <summary>Passes objects on, and notices when this node's pods get other prefixes than the proxy was started with (detect-local mode NodeCIDR).</summary>
/// <param name="next">Where they go.</param>
/// <param name="podPrefixes">The prefixes that it was started with, or null where they do not matter.</param>
/// <param name="standIn">The name of a node that is there even if there is no object of it, or null.</param>
internal sealed class NodeObserver(IObjectSink next, IReadOnlyList<string>? podPrefixes, string? standIn) : IObjectSink
{
    private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the prefixes have become others.</summary>
    public Task PodPrefixesChanged => _changed.Task;

    public void Replace(IReadOnlyList<V1Service> objects) => next.Replace(objects);

    public void Replace(IReadOnlyList<V1EndpointSlice> objects) => next.Replace(objects);

    public void Replace(IReadOnlyList<V1Node> objects)
    {
        foreach (var node in objects) Look(node);
        next.Replace(standIn is null || objects.Any(node => node.Metadata.Name == standIn) ? objects : [.. objects, StandIn(standIn)]);
    }

    public void Replace(IReadOnlyList<V1ServiceCIDR> objects) => next.Replace(objects);

    public void Set(V1Service changed) => next.Set(changed);

    public void Set(V1EndpointSlice changed) => next.Set(changed);

    public void Set(V1Node changed)
    {
        Look(changed);
        next.Set(changed);
    }

    public void Set(V1ServiceCIDR changed) => next.Set(changed);

    public void Remove(V1Service removed) => next.Remove(removed);

    public void Remove(V1EndpointSlice removed) => next.Remove(removed);

    public void Remove(V1Node removed)
    {
        if (standIn is not null && removed.Metadata.Name == standIn) next.Set(StandIn(standIn));
        else next.Remove(removed);
    }

    public void Remove(V1ServiceCIDR removed) => next.Remove(removed);

    private static V1Node StandIn(string name) => new() { Metadata = new() { Name = name } };

    private void Look(V1Node node)
    {
        if (podPrefixes is not null && !NodeLookup.PodPrefixesOf(node).SequenceEqual(podPrefixes)) _changed.TrySetResult();
    }
}
