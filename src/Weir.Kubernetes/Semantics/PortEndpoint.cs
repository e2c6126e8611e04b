using Weir.Model;

namespace Weir.Kubernetes.Semantics;

/// <summary>An endpoint at the port that belongs to a Service's port.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Port">The port, as its slice says.</param>
/// <param name="IsLocal">Whether it runs on this node.</param>
public readonly record struct PortEndpoint(Endpoint Endpoint, ushort Port, bool IsLocal)
{
    public ServerKey Key => new(Endpoint.Address, Port);

    /// <summary>Is going away, but still answers: better than nothing.</summary>
    public bool IsLastResort => Endpoint.IsServing && Endpoint.IsTerminating;
}
