namespace Weir.Kubernetes.Semantics;

/// <summary>The schedulers that a Service can have.</summary>
public static class Schedulers
{
    /// <summary>kube-proxy's default.</summary>
    public const string Default = "rr";

    /// <summary>The scheduler of that name, or the one that comes nearest to what the data path lacks; null where no such scheduler exists.</summary>
    public static string? Nearest(string name) => name switch
    {
        "rr" or "wrr" or "lc" or "wlc" or "sh" or "dh" => name,
        // By the client's address, like sh; sed, nq and the two locality ones go by live connections.
        "mh" => "sh",
        "sed" or "nq" or "lblc" or "lblcr" => "wlc",
        "fo" or "ovf" => "wrr",
        _ => null,
    };
}
