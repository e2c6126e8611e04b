using Weir.Kubernetes.Engine;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Serving;

/// <summary>A proxy's status as a test wants it.</summary>
internal sealed class FakeStatus : IProxyStatus
{
    public event Action<SyncReport>? Synchronized;

    public event Action? HealthChecksChanged;

    public DateTimeOffset? LastSync { get; set; }

    public DateTimeOffset? LastQueued { get; set; }

    public DateTimeOffset? PendingSince { get; set; }

    public ChangeCount ServiceChanges { get; set; }

    public ChangeCount EndpointChanges { get; set; }

    public NoLocalEndpoints NoLocalEndpoints { get; set; }

    public long RejectedInputs { get; set; }

    public IReadOnlyList<HealthCheck> HealthChecks { get; set; } = [];

    public IReadOnlyList<Address> NodePortAddresses { get; set; } = [];

    public bool IsNodeEligible { get; set; } = true;

    public void Report(SyncReport report) => Synchronized?.Invoke(report);

    public void ChangeHealthChecks(params HealthCheck[] checks)
    {
        HealthChecks = checks;
        HealthChecksChanged?.Invoke();
    }
}
