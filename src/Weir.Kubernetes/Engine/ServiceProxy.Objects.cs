using k8s.Models;

namespace Weir.Kubernetes.Engine;

// What comes in goes to the cache, which wakes the loop where it is a change.
public sealed partial class ServiceProxy
{
    /// <inheritdoc/>
    public void Replace(IReadOnlyList<V1Service> objects) => _cache.Replace(objects);

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<V1EndpointSlice> objects) => _cache.Replace(objects);

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<V1Node> objects) => _cache.Replace(objects);

    /// <inheritdoc/>
    public void Replace(IReadOnlyList<V1ServiceCIDR> objects) => _cache.Replace(objects);

    /// <inheritdoc/>
    public void Set(V1Service changed) => _cache.Set(changed);

    /// <inheritdoc/>
    public void Set(V1EndpointSlice changed) => _cache.Set(changed);

    /// <inheritdoc/>
    public void Set(V1Node changed) => _cache.Set(changed);

    /// <inheritdoc/>
    public void Set(V1ServiceCIDR changed) => _cache.Set(changed);

    /// <inheritdoc/>
    public void Remove(V1Service removed) => _cache.Remove(removed);

    /// <inheritdoc/>
    public void Remove(V1EndpointSlice removed) => _cache.Remove(removed);

    /// <inheritdoc/>
    public void Remove(V1Node removed) => _cache.Remove(removed);

    /// <inheritdoc/>
    public void Remove(V1ServiceCIDR removed) => _cache.Remove(removed);
}
