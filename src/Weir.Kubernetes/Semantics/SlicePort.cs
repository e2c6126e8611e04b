namespace Weir.Kubernetes.Semantics;

/// <summary>A port of an endpoint slice.</summary>
public readonly record struct SlicePort(PortName Name, ushort Port);
