namespace Weir.Kubernetes.Configuration;

/// <summary>Notices that the configuration is not what the proxy was started with. A ConfigMap's file is a link to a link that is exchanged, so it is looked at, not listened to.</summary>
public sealed class ConfigurationWatcher(string path, TimeProvider? time = null)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private readonly string _content = Read(path) ?? "";

    /// <summary>Ends when the file has another content, two looks in a row: a file that is being written is not read halfway, and one that is gone for a moment has not changed.</summary>
    public async Task WaitForChangeAsync(CancellationToken cancellation)
    {
        var clock = time ?? TimeProvider.System;
        string? seen = null;
        while (true)
        {
            await Task.Delay(s_interval, clock, cancellation);
            var now = Read(path);
            if (now is null || now == _content) seen = null;
            else if (now == seen) return;
            else seen = now;
        }
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
