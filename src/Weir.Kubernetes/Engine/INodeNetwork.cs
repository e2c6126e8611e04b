using Weir.Model;

namespace Weir.Kubernetes.Engine;

/// <summary>The node's own network settings as far as a Service proxy changes them.</summary>
public interface INodeNetwork
{
    /// <summary>Makes the node forward packets and, where it is asked to, answer ARP strictly.</summary>
    void Prepare(bool isArpStrict);

    /// <summary>The addresses of the node's devices, loopback's too, but for those that <see cref="Bind"/> put there.</summary>
    IReadOnlyList<Address> Addresses();

    /// <summary>Has the node hold exactly these addresses besides those of its devices.</summary>
    /// <returns>Those that it could not take or let go.</returns>
    IReadOnlyList<Address> Bind(IReadOnlyCollection<Address> addresses);
}
