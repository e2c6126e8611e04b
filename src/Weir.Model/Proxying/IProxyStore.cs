namespace Weir.Model.Proxying;

/// <summary>The virtual services of a Service proxy. The same table that ipvsadm shows and edits.</summary>
public interface IProxyStore
{
    /// <summary>
    /// Makes a change. Each service changes in one atomic step; what is already as wanted is not touched, so connections, counters and schedulers go on.
    /// A TCP server that leaves while it has connections is quiesced (weight 0) and taken away by <see cref="Sweep"/>; datagram flows of a server that leaves
    /// end at once, and so do datagram flows that began before their service was there.
    /// </summary>
    /// <returns>What was refused, and why; the rest is done.</returns>
    IReadOnlyList<(ServiceKey Service, ServiceResult Result)> Apply(ProxyChange change);

    /// <summary>Takes away quiesced servers whose connections have ended.</summary>
    /// <returns>How many quiesced servers are left.</returns>
    int Sweep();
}
