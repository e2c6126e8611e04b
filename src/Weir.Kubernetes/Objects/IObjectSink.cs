using k8s;
using k8s.Models;

namespace Weir.Kubernetes.Objects;

/// <summary>
/// Where objects of one kind go, from whatever source: the API server or a folder of manifests. Calls may come from any thread and return at once; what
/// they bring is in force a little later. Objects are read, not kept, so the caller may do with them what it likes. An object that cannot be used is
/// named in a log line and does no harm to others.
/// </summary>
/// <typeparam name="T">The kind.</typeparam>
public interface IObjectSink<in T>
    where T : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>All objects of the kind, as a list of the API gives them; others are gone. With the first call the kind counts as synced.</summary>
    void Replace(IReadOnlyList<T> objects);

    /// <summary>An object that is new or has changed.</summary>
    void Set(T changed);

    /// <summary>An object that is gone; only its name and namespace matter.</summary>
    void Remove(T removed);
}

/// <summary>Where all objects go that a Service proxy lives on.</summary>
public interface IObjectSink : IObjectSink<V1Service>, IObjectSink<V1EndpointSlice>, IObjectSink<V1Node>, IObjectSink<V1ServiceCIDR>;
