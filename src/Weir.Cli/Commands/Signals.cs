using System.Runtime.InteropServices;
using System.Text;
using Weir.Control.Instances;

namespace Weir.Cli.Commands;

/// <summary>Runs the follower until SIGTERM or SIGINT.</summary>
internal static class Signals
{
    public static int RunUntilTerminated(bool followsDevices)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        using var follower = new Follower(StateFolder.Current(), output, followsDevices);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        follower.Run();
        return 0;

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            follower.End();
        }
    }
}
