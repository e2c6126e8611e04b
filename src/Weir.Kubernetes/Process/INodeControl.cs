using Weir.Kubernetes.Configuration;
using Weir.Kubernetes.Engine;
using Weir.Kubernetes.Serving;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Process;

/// <summary>What a proxy's process does to its node: the kernel behind it, or a test.</summary>
public interface INodeControl
{
    /// <summary>The virtual services.</summary>
    IProxyStore Store { get; }

    /// <summary>The devices.</summary>
    INodeNetwork Network { get; }

    /// <summary>Sets the times after which silent connections end.</summary>
    void SetTimeouts(FlowTimeouts flows, ServiceTimeouts services);

    /// <summary>Says how gladly the kernel may kill this process where memory runs out, from -1000 (never) to 1000.</summary>
    void AdjustOomScore(int score);

    /// <summary>What the data path says of itself; null where nothing is loaded.</summary>
    DataPathStatus? ReadStatus();

    /// <summary>Covers devices as they come and go, and whatever else takes time, until it is cancelled.</summary>
    Task FollowAsync(CancellationToken cancellation);

    /// <summary>Removes everything that a proxy has made here.</summary>
    void CleanUp();

    /// <summary>Removes what kube-proxy has made here; what could not be removed is logged.</summary>
    Task TakeOverAsync(IReadOnlyList<AddressMask> excluded, CancellationToken cancellation);
}
