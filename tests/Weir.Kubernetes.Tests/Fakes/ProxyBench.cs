using k8s.Models;
using Weir.Kubernetes.Engine;
using Weir.Model;
using Weir.Model.Proxying;

namespace Weir.Kubernetes.Tests.Fakes;

/// <summary>A Service proxy over fakes. Steps are made by hand.</summary>
internal sealed class ProxyBench
{
    public ProxyBench(ProxyOptions options)
    {
        Proxy = new ServiceProxy(options, Store, Network, Logger, Time);
        Proxy.Synchronized += Reports.Add;
    }

    public FakeProxyStore Store { get; } = new();

    public FakeNodeNetwork Network { get; } = new();

    public FakeTime Time { get; } = new();

    public FakeLogger<ServiceProxy> Logger { get; } = new();

    public List<SyncReport> Reports { get; } = [];

    public ServiceProxy Proxy { get; }

    /// <summary>Brings in everything and synchronises for the first time.</summary>
    public ProxyBench Start(IReadOnlyList<V1Service> services, IReadOnlyList<V1EndpointSlice> slices)
    {
        Proxy.Replace(services);
        Proxy.Replace(slices);
        Proxy.Step();
        return this;
    }

    /// <summary>Lets what has changed become due, and does it.</summary>
    public void Settle()
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        Proxy.Step();
    }

    public ProxiedService Service(string address, ushort port, ServiceProtocol protocol = ServiceProtocol.Tcp) =>
        Store.Services[ServiceKey.Of(protocol, Address.Parse(address), port)];
}
