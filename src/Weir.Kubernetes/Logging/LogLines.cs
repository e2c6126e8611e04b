using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Weir.Kubernetes.Logging;

/// <summary>
/// Log lines as kube-proxy's readers expect them: klog's one-line text, or JSON with --logging-format=json. Each line is written at once. (A factory of the
/// logging package's abstraction; the package itself would bring dependency injection and options along.)
/// </summary>
public sealed class LogLines : ILoggerFactory
{
    private readonly TextWriter _output;
    private readonly bool _isJson;
    private readonly LogLevel _least;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();

    /// <summary>Lines to a writer.</summary>
    /// <param name="output">Usually standard error.</param>
    /// <param name="isJson">--logging-format=json.</param>
    /// <param name="verbosity">-v: from 3 on debugging, from 5 on everything.</param>
    /// <param name="time">The clock.</param>
    public LogLines(TextWriter output, bool isJson, int verbosity, TimeProvider? time = null)
    {
        _output = output;
        _isJson = isJson;
        _least = verbosity switch { >= 5 => LogLevel.Trace, >= 3 => LogLevel.Debug, _ => LogLevel.Information };
        _time = time ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose() => _output.Flush();

    private void Write(string line)
    {
        lock (_lock)
        {
            _output.Write(line);
            _output.Flush();
        }
    }

    /// <summary>I1125 20:01:02.123456    4711 ServiceProxy] what happened</summary>
    private string Text(LogLevel level, string category, string message, Exception? problem)
    {
        var letter = level switch { LogLevel.Critical => 'F', LogLevel.Error => 'E', LogLevel.Warning => 'W', _ => 'I' };
        var now = _time.GetLocalNow();
        var text = problem is null ? message : $"{message}: {problem}";
        return string.Create(CultureInfo.InvariantCulture, $"{letter}{now:MMdd HH:mm:ss.ffffff} {Environment.ProcessId,7} {category}] {text.ReplaceLineEndings(" | ")}\n");
    }

    private string Json<T>(LogLevel level, string category, T state, string message, Exception? problem)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("ts", _time.GetUtcNow().ToUnixTimeMilliseconds());
            json.WriteString("caller", category);
            json.WriteString("msg", message);
            if (level < LogLevel.Error) json.WriteNumber("v", level switch { LogLevel.Trace => 5, LogLevel.Debug => 3, _ => 0 });
            if (level == LogLevel.Warning) json.WriteString("level", "warning");
            if (state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                foreach (var (name, value) in values)
                {
                    if (name == "{OriginalFormat}") continue;
                    if (value is int or long or short or byte or ushort or uint) json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                    else json.WriteString(name, value?.ToString());
                }
            }
            if (problem is not null) json.WriteString("err", problem.ToString());
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<T>(T state)
            where T : notnull => null;

        public bool IsEnabled(LogLevel level) => level >= lines._least && level != LogLevel.None;

        public void Log<T>(LogLevel level, EventId id, T state, Exception? problem, Func<T, Exception?, string> format)
        {
            if (!IsEnabled(level)) return;
            var message = format(state, problem);
            lines.Write(lines._isJson ? lines.Json(level, category, state, message, problem) : lines.Text(level, category, message, problem));
        }
    }
}
