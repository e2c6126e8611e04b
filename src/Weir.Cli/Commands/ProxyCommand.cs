using System.Runtime.InteropServices;
using System.Text;
using Weir.Kubernetes.Process;

namespace Weir.Cli.Commands;

/// <summary>weir proxy, and weir by the name of kube-proxy. The command line is kube-proxy's, so it is read as Go reads it.</summary>
internal static class ProxyCommand
{
    public static int Run(string name, string[] arguments)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true };
        using var errors = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
        using var end = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        var hostName = File.ReadAllText("/proc/sys/kernel/hostname").Trim();
        var process = new ProxyProcess(loggers => new NodeControl(loggers, output), output, errors, hostName);
        try
        {
            return process.RunAsync(arguments, end.Token).GetAwaiter().GetResult();
        }
        catch (Exception problem) when (Tools.IsExpected(problem))
        {
            errors.Write($"{name}: {problem.Message}\n");
            return 1;
        }

        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            end.Cancel();
        }
    }
}
