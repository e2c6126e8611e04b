using Microsoft.Extensions.Logging;
using Weir.Kubernetes.Semantics;

namespace Weir.Kubernetes.Engine;

/// <summary>Logs and counts input that cannot be used.</summary>
internal sealed partial class InputLog(ILogger logger) : IInputLog
{
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Rejected(string kind, ObjectName name, string problem)
    {
        Interlocked.Increment(ref _count);
        Log(logger, kind, name, problem);
    }

    [LoggerMessage(LogLevel.Warning, "{Kind} {Name}: {Problem}")]
    private static partial void Log(ILogger logger, string kind, ObjectName name, string problem);
}
