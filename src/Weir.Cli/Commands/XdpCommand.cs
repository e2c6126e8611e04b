using Weir.Control.Instances;

namespace Weir.Cli.Commands;

/// <summary>weir xdp.</summary>
internal static class XdpCommand
{
    public static int Run(string choice, string device)
    {
        var folder = StateFolder.Current();
        using var held = folder.TakeLock(null)!;
        using var instance = Instance.TryOpenCurrent(folder, held) ?? Instance.Create(folder, held);
        instance.ChooseXdp(device, choice switch { "on" => XdpChoice.On, "off" => XdpChoice.Off, _ => XdpChoice.Automatic }, held);
        return 0;
    }
}
