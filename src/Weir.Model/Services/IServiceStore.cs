namespace Weir.Model;

/// <summary>
/// Virtual services as the kernel keeps them. Each method is one atomic operation; what it refuses leaves everything as it was.
/// The command line checks syntax only: whether an address is unicast, a scheduler is known or a thing is supported is answered here.
/// </summary>
public interface IServiceStore
{
    /// <summary>The number of buckets of the connection table, as listings show it ("size=4096").</summary>
    int ConnectionTableSize { get; }

    /// <summary>
    /// Until what it returns is disposed, this store's changes are made one behind the other without those of others between, and faster. Each is in force at once.
    /// </summary>
    IDisposable Batch();

    /// <summary>Adds a service without servers.</summary>
    ServiceResult Add(VirtualService service);

    /// <summary>Replaces everything of a service but its key, servers and counters.</summary>
    ServiceResult Edit(VirtualService service);

    /// <summary>Deletes a service with its servers.</summary>
    ServiceResult Delete(ServiceKey service);

    /// <summary>Deletes every service.</summary>
    ServiceResult Flush();

    /// <summary>Adds a server to a service.</summary>
    ServiceResult AddServer(ServiceKey service, RealServer server);

    /// <summary>Replaces everything of a server but its key and counters.</summary>
    ServiceResult EditServer(ServiceKey service, RealServer server);

    /// <summary>Deletes a server; entries of its connections stay.</summary>
    ServiceResult DeleteServer(ServiceKey service, ServerKey server);

    /// <summary>Zeroes the counters of one service and its servers, or of all.</summary>
    ServiceResult Zero(ServiceKey? service);

    /// <summary>Sets time-outs; a zero leaves that one as it is.</summary>
    ServiceResult SetTimeouts(ServiceTimeouts timeouts);

    /// <summary>The present time-outs.</summary>
    ServiceTimeouts Timeouts();

    /// <summary>A snapshot of all services, in the order of the table (listings sort them).</summary>
    IReadOnlyList<ServiceState> List();

    /// <summary>A snapshot of one service, or null if there is none.</summary>
    ServiceState? Find(ServiceKey service);

    /// <summary>The connection entries, in the order of the table.</summary>
    IEnumerable<ConnectionEntry> Connections();

    /// <summary>Starts a connection synchronization daemon.</summary>
    ServiceResult StartDaemon(SyncDaemon daemon);

    /// <summary>Stops a connection synchronization daemon.</summary>
    ServiceResult StopDaemon(SyncRole role);

    /// <summary>The running synchronization daemons, the master first.</summary>
    IReadOnlyList<SyncDaemon> Daemons();
}
