using Weir.Model;

namespace Weir.Kubernetes.Engine;

/// <summary>What health checks and metrics ask of a <see cref="ServiceProxy"/>. Any thread may ask; events come from the proxy's own.</summary>
public interface IProxyStatus
{
    /// <summary>After each synchronisation, failed ones too.</summary>
    event Action<SyncReport>? Synchronized;

    /// <summary>When what <see cref="HealthChecks"/> says has become another.</summary>
    event Action? HealthChecksChanged;

    /// <summary>When everything that was asked for was last in force, or null before the first time.</summary>
    DateTimeOffset? LastSync { get; }

    /// <summary>When a change last came in, or null before the first one.</summary>
    DateTimeOffset? LastQueued { get; }

    /// <summary>Since when the oldest change has been waiting that is not in force yet, or null where none is.</summary>
    DateTimeOffset? PendingSince { get; }

    /// <summary>Services whose changes wait, and changes so far.</summary>
    ChangeCount ServiceChanges { get; }

    /// <summary>Endpoint slices whose changes wait, and changes so far.</summary>
    ChangeCount EndpointChanges { get; }

    /// <summary>How many services of a family have endpoints, but none on this node, where a policy asks for such: kubeproxy_sync_proxy_rules_no_local_endpoints_total.</summary>
    NoLocalEndpoints NoLocalEndpoints { get; }

    /// <summary>Inputs that could not be used, so far: addresses that are none, conflicts and the like.</summary>
    long RejectedInputs { get; }

    /// <summary>Services of type LoadBalancer with a health-check node port, sorted by namespace and name.</summary>
    IReadOnlyList<HealthCheck> HealthChecks { get; }

    /// <summary>The addresses that node ports are on, health-check node ports too; loopback is not among them.</summary>
    IReadOnlyList<Address> NodePortAddresses { get; }

    /// <summary>Whether load balancers should send this node anything (KEP-3836): false where its object is missing, being deleted or about to be scaled away.</summary>
    bool IsNodeEligible { get; }
}
