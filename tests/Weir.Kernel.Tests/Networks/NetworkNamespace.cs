using System.Runtime.InteropServices;

namespace Weir.Kernel.Tests.Networks;

/// <summary>A network namespace of a test, removed with everything in it when disposed.</summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;

    public NetworkNamespace(string name)
    {
        Name = $"weir-t{Environment.ProcessId}-{name}";
        Shell.Run($"ip netns add {Name}");
        Shell.Run($"ip -n {Name} link set lo up");
    }

    public string Name { get; }

    /// <summary>Runs a command inside; it must succeed.</summary>
    public string Run(string command, string? input = null) => Shell.Run($"ip netns exec {Name} {command}", input);

    /// <summary>Runs a command inside, to its end.</summary>
    public (int Code, string Output, string Error) Execute(IEnumerable<string> words, string? input = null) =>
        Shell.Execute(["ip", "netns", "exec", Name, .. words], input);

    /// <summary>Runs code inside, on a thread of its own (sockets made there stay in this namespace).</summary>
    public T Inside<T>(Func<T> action)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{Name}");
                if (SetNamespace((int)file.DangerousGetHandle(), CloneNewNet) != 0)
                    throw new InvalidOperationException($"setns: errno {Marshal.GetLastPInvokeError()}");
                result = action();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw new InvalidOperationException(failure.Message, failure);
    }

    public void Dispose()
    {
        foreach (var pid in Shell.Execute(["ip", "netns", "pids", Name]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Shell.Execute(["kill", "-9", pid]);
        Shell.Execute(["ip", "netns", "del", Name]);
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int type);
}
