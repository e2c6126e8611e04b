using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Tests.Fakes;

/// <summary>Virtual services in memory, with the changes that made them.</summary>
internal sealed class FakeProxyStore : IProxyStore
{
    public Dictionary<ServiceKey, ProxiedService> Services { get; } = [];

    public ProxySettings Settings { get; private set; } = new();

    public List<ProxyChange> Changes { get; } = [];

    public int Sweeps { get; private set; }

    /// <summary>What the store says to a service, where it does not take it.</summary>
    public Func<ProxiedService, ServiceResult> Answer { get; set; } = static _ => ServiceResult.Done;

    /// <summary>Called before a change is made.</summary>
    public Action BeforeApply { get; set; } = static () => { };

    public IReadOnlyList<(ServiceKey Service, ServiceResult Result)> Apply(ProxyChange change)
    {
        BeforeApply();
        Changes.Add(change);
        if (change.Settings is not null) Settings = change.Settings;
        foreach (var key in change.Removed) Assert.True(Services.Remove(key), $"{key} is removed, but was not there");
        if (change.IsWhole) Services.Clear();
        var results = new List<(ServiceKey, ServiceResult)>();
        foreach (var service in change.Set)
        {
            var result = Answer(service);
            if (result.IsDone) Services[service.Service.Key] = service;
            else results.Add((service.Service.Key, result));
        }
        return results;
    }

    public int Sweep()
    {
        Sweeps++;
        return 0;
    }
}
