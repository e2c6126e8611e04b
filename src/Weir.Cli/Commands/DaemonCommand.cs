namespace Weir.Cli.Commands;

/// <summary>weir daemon.</summary>
internal static class DaemonCommand
{
    public static int Run() => Signals.RunUntilTerminated(followsDevices: true);
}
