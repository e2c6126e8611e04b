
namespace Weir.Cli.Commands;

/// <summary>weir log.</summary>
internal static class LogCommand
{
    public static int Run() => Signals.RunUntilTerminated(followsDevices: false);
}
