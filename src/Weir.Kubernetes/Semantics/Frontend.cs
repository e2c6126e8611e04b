using Weir.Model.Proxying;

namespace Weir.Kubernetes.Semantics;

/// <summary>A virtual service that a Service asks for.</summary>
public readonly record struct Frontend(FrontendKind Kind, ProxiedService Service);
