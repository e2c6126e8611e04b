using Weir.Model;

namespace Weir.Kubernetes.Engine;

/// <summary>What a load balancer is told at a Service's health-check node port, at the node's addresses of one family.</summary>
/// <param name="Namespace">The Service's namespace.</param>
/// <param name="Name">The Service's name.</param>
/// <param name="Family">The family; a Service with both has one of each.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="LocalEndpoints">How many addresses of ready endpoints are on this node; those that are going away do not count.</param>
public sealed record HealthCheck(string Namespace, string Name, AddressFamily Family, ushort Port, int LocalEndpoints);
