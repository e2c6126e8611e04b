using System.Diagnostics;

namespace Weir.Kernel.Tests.Networks;

/// <summary>A process that runs beside a test, killed when disposed; what it prints can be awaited.</summary>
internal sealed class BackgroundProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly List<string> _lines = [];

    public BackgroundProcess(params string[] words)
    {
        var start = new ProcessStartInfo(words[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in words[1..]) start.ArgumentList.Add(word);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, received) => Add(received.Data);
        _process.ErrorDataReceived += (_, received) => Add(received.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has printed so far, on either stream.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    /// <summary>A process in a namespace.</summary>
    public static BackgroundProcess In(NetworkNamespace place, params string[] words) => new(["ip", "netns", "exec", place.Name, .. words]);

    /// <summary>Waits for a line with this text, and gives it.</summary>
    public string Await(string text)
    {
        string? found = null;
        lock (_lines)
        {
            for (var until = Stopwatch.StartNew(); (found = _lines.Find(line => line.Contains(text, StringComparison.Ordinal))) is null && until.Elapsed < s_patience;)
                Monitor.Wait(_lines, s_patience - until.Elapsed is { Ticks: > 0 } left ? left : TimeSpan.Zero);
        }
        return found ?? throw new InvalidOperationException($"no line with '{text}' came:\n{string.Join('\n', Lines)}");
    }

    /// <summary>Sends a signal and waits for the end; gives the exit code.</summary>
    public int Signal(string name)
    {
        Shell.Execute(["kill", $"-{name}", $"{_process.Id}"]);
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is null) return;
        lock (_lines)
        {
            _lines.Add(line);
            Monitor.PulseAll(_lines);
        }
    }
}
