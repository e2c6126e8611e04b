using Weir.Model;

namespace Weir.Ipvs;

/// <summary>What stderr says about an operation that the store refused.</summary>
internal static class Messages
{
    public static string Of(Command command, ServiceResult result) => result.Status switch
    {
        ServiceStatus.ServiceExists => "Service already exists",
        ServiceStatus.NoSuchService => IsAboutServer(command) ? "Service not defined" : "No such service",
        ServiceStatus.ServerExists => "Destination already exists",
        ServiceStatus.NoSuchServer => "No such destination",
        ServiceStatus.SchedulerNotFound => "Scheduler or persistence engine not found",
        ServiceStatus.OutOfRange => "Numerical result out of range",
        ServiceStatus.Invalid => "Invalid operation.  Possibly wrong module version, address not unicast, ...",
        ServiceStatus.NoSuchDevice => "No such device",
        ServiceStatus.DaemonRunning => "Daemon has already run",
        ServiceStatus.NoDaemon => "No daemon is running",
        ServiceStatus.NotPermitted => "Permission denied (you must be root)",
        ServiceStatus.NoSpace => "Memory allocation problem",
        ServiceStatus.NotSupported => $"Not supported: {result.Reason}",
        _ => throw new ArgumentOutOfRangeException(nameof(result), result.Status, "not a refusal"),
    };

    private static bool IsAboutServer(Command command) => command is Command.AddServer or Command.EditServer or Command.DeleteServer;
}
