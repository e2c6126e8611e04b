using Weir.Control.Instances;

namespace Weir.Cli.Commands;

/// <summary>weir status.</summary>
internal static class StatusCommand
{
    public static int Run()
    {
        using var instance = Instance.TryOpen(StateFolder.Current());
        if (instance is null)
        {
            Console.WriteLine("nothing is loaded in this network namespace");
            return 0;
        }
        var status = InstanceStatus.Read(instance);
        Console.WriteLine($"object      {instance.Fingerprint:x16}{(instance.IsCurrent ? "" : " (of another build; the next change exchanges it)")}");
        Console.WriteLine($"programs    {string.Join(' ', instance.ProgramNames())}");
        Console.WriteLine($"rules       {status.Rules} in {status.ImageBytes} bytes ({status.ImageBytes / Math.Max(status.Rules, 1)} a rule), generation {status.Generation}");
        Console.WriteLine($"sockets     {(instance.HasSocketHooks ? "local clients are translated when they connect" : "no hooks")}");
        Console.WriteLine();
        Console.WriteLine("devices");
        foreach (var (device, uncovered, xdp) in instance.Coverage())
        {
            Console.WriteLine($"  {device.IfIndex,5} {device.Name,-16} {(uncovered is null ? xdp is null ? "covered" : $"covered; {xdp}" : $"not covered: {uncovered}")}");
        }
        Console.WriteLine();
        Console.WriteLine("tables");
        foreach (var table in status.Tables) Console.WriteLine($"  {table.Name,-16} {table.Entries,8} of {table.Capacity}");
        Console.WriteLine();
        Console.WriteLine("counts");
        foreach (var (name, count) in status.Counts) Console.WriteLine($"  {name,-20} {count}");
        return 0;
    }
}
