namespace Weir.Kubernetes.Semantics;

/// <summary>A port of a Service.</summary>
/// <param name="Name">Its name and protocol.</param>
/// <param name="Port">The port at the cluster address, external addresses and load balancers' addresses.</param>
/// <param name="NodePort">The port at the node's addresses, or 0.</param>
public sealed record ServicePort(PortName Name, ushort Port, ushort NodePort);
