using Weir.Kubernetes.Engine;
using Weir.Model;

namespace Weir.Kubernetes.Tests.Fakes;

/// <summary>A node's addresses in memory.</summary>
internal sealed class FakeNodeNetwork : INodeNetwork
{
    public List<Address> Local { get; } = [];

    public HashSet<Address> Bound { get; private set; } = [];

    public bool? IsArpStrict { get; private set; }

    public void Prepare(bool isArpStrict) => IsArpStrict = isArpStrict;

    public IReadOnlyList<Address> Addresses() => Local;

    public IReadOnlyList<Address> Bind(IReadOnlyCollection<Address> addresses)
    {
        Bound = [.. addresses];
        return [];
    }
}
