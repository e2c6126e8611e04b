using Microsoft.Extensions.Logging;

namespace Weir.Kubernetes.Tests.Fakes;

/// <summary>Keeps warnings and errors.</summary>
internal sealed class FakeLogger<T> : ILogger<T>
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning) Lines.Add(formatter(state, exception));
    }
}
