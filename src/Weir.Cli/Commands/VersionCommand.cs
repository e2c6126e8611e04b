using System.Reflection;

namespace Weir.Cli.Commands;

/// <summary>weir version.</summary>
internal static class VersionCommand
{
    public static int Run()
    {
        Console.WriteLine($"weir {typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}");
        return 0;
    }
}
