using k8s.Models;
using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Objects;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Engine;

/// <summary>
/// Keeps the virtual services of a node as the objects of the cluster want them. Objects come in from any thread; one loop (<see cref="RunAsync"/>)
/// turns them into changes of the store. Services and endpoint slices must be synced before anything is done.
/// </summary>
public sealed class ServiceProxy : IObjectSink, IProxyStatus
{
    /// <summary>A proxy that does nothing before <see cref="RunAsync"/>.</summary>
    /// <param name="options">What the operator says.</param>
    /// <param name="store">The virtual services.</param>
    /// <param name="network">The node's devices.</param>
    /// <param name="logger">Where bad input and failures are named.</param>
    /// <param name="time">The clock.</param>
    public ServiceProxy(ProxyOptions options, IProxyStore store, INodeNetwork network, ILogger<ServiceProxy> logger, TimeProvider? time = null) => _ = (options, store, network, logger, time);

#pragma warning disable CS0067 // The loop comes with the next commit; this is the contract that sources, health checks and metrics build on.
    public event Action<SyncReport>? Synchronized;

    public event Action? HealthChecksChanged;
#pragma warning restore CS0067

    public DateTimeOffset? LastSync => null;

    public DateTimeOffset? LastQueued => null;

    public DateTimeOffset? PendingSince => null;

    public ChangeCount ServiceChanges => default;

    public ChangeCount EndpointChanges => default;

    public NoLocalEndpoints NoLocalEndpoints => default;

    public long RejectedInputs => 0;

    public IReadOnlyList<HealthCheck> HealthChecks => [];

    public IReadOnlyList<Address> NodePortAddresses => [];

    public bool IsNodeEligible => true;

    /// <summary>Runs until it is cancelled; what is in force then stays in force.</summary>
    public Task RunAsync(CancellationToken cancellation) => throw new NotImplementedException();

    public void Replace(IReadOnlyList<V1Service> objects) => throw new NotImplementedException();

    public void Replace(IReadOnlyList<V1EndpointSlice> objects) => throw new NotImplementedException();

    public void Replace(IReadOnlyList<V1Node> objects) => throw new NotImplementedException();

    public void Replace(IReadOnlyList<V1ServiceCIDR> objects) => throw new NotImplementedException();

    public void Set(V1Service changed) => throw new NotImplementedException();

    public void Set(V1EndpointSlice changed) => throw new NotImplementedException();

    public void Set(V1Node changed) => throw new NotImplementedException();

    public void Set(V1ServiceCIDR changed) => throw new NotImplementedException();

    public void Remove(V1Service removed) => throw new NotImplementedException();

    public void Remove(V1EndpointSlice removed) => throw new NotImplementedException();

    public void Remove(V1Node removed) => throw new NotImplementedException();

    public void Remove(V1ServiceCIDR removed) => throw new NotImplementedException();
}
