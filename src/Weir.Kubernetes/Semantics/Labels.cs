namespace Weir.Kubernetes.Semantics;

/// <summary>Labels and annotations that a Service proxy reads.</summary>
public static class Labels
{
    /// <summary>On a Service: another proxy's. (API server side filter of kube-proxy.)</summary>
    public const string ServiceProxyName = "service.kubernetes.io/service-proxy-name";

    /// <summary>On an endpoint slice: of a headless Service.</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>On an endpoint slice: the Service's name.</summary>
    public const string ServiceName = "kubernetes.io/service-name";

    /// <summary>On a Node.</summary>
    public const string Zone = "topology.kubernetes.io/zone";

    /// <summary>Annotation of an endpoint slice: when what changed it happened in the cluster.</summary>
    public const string LastChangeTriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>Taint of a Node that is about to be scaled away.</summary>
    public const string ToBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

    /// <summary>Annotation of a Service: the scheduler, one of those that ipvsadm knows.</summary>
    public const string Scheduler = "weir.dev/scheduler";

    /// <summary>Annotation of a Service: weights other than 1, as <c>10.0.0.1=3,10.0.0.2:8080=0</c>.</summary>
    public const string Weights = "weir.dev/weights";
}
