namespace Weir.Model;

/// <summary>How an operation on virtual services ended.</summary>
public enum ServiceStatus
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>EEXIST of a service.</summary>
    ServiceExists,

    /// <summary>ESRCH: no such service.</summary>
    NoSuchService,

    /// <summary>EEXIST of a server.</summary>
    ServerExists,

    /// <summary>ENOENT of a server.</summary>
    NoSuchServer,

    /// <summary>ENOENT: the scheduler or the persistence engine is unknown.</summary>
    SchedulerNotFound,

    /// <summary>ERANGE: weight or thresholds are out of range.</summary>
    OutOfRange,

    /// <summary>EINVAL: an address is not unicast, a mask is wrong, ...</summary>
    Invalid,

    /// <summary>ENODEV: no such network device.</summary>
    NoSuchDevice,

    /// <summary>EEXIST of a synchronization daemon.</summary>
    DaemonRunning,

    /// <summary>ESRCH of a synchronization daemon.</summary>
    NoDaemon,

    /// <summary>EPERM.</summary>
    NotPermitted,

    /// <summary>ENOMEM, or a table is full.</summary>
    NoSpace,

    /// <summary>The kernel's ip_vs could do it, the data path cannot: the reason says what.</summary>
    NotSupported,
}
