using Weir.Kubernetes.Semantics;

namespace Weir.Kubernetes.Engine;

/// <summary>A Service to look at again.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Spec">What it is now, or null where it is gone or nothing for a proxy.</param>
/// <param name="Slices">Its endpoint slices, sorted by name.</param>
internal readonly record struct TouchedService(ObjectName Name, ServiceSpec? Spec, SliceSpec[] Slices);
