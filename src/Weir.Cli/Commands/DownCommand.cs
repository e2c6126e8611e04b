using Weir.Control.Instances;

namespace Weir.Cli.Commands;

/// <summary>weir down.</summary>
internal static class DownCommand
{
    public static int Run()
    {
        var folder = StateFolder.Current();
        // The lock goes with the folder that it is in.
        var held = folder.TakeLock(null)!;
        Instance.Remove(folder, held);
        return 0;
    }
}
