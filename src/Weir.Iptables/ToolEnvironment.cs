using Weir.Iptables.Names;

namespace Weir.Iptables;

/// <summary>What a tool sees of the world: its streams, files, names and the time.</summary>
public sealed record ToolEnvironment
{
    /// <summary>Standard input; iptables-restore reads it.</summary>
    public required TextReader Input { get; init; }

    /// <summary>Standard output.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Standard error.</summary>
    public required TextWriter Errors { get; init; }

    /// <summary>Names of hosts, services and protocols.</summary>
    public INames Names { get; init; } = NoNames.Instance;

    /// <summary>The time and the time zone of iptables-save's comments.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Opens a file that iptables-restore is to read. An <see cref="IOException"/>'s message says why not (as strerror(3) says it).
    /// </summary>
    public Func<string, TextReader> OpenInput { get; init; } = static _ => throw new IOException("No such file or directory");

    /// <summary>Opens a file that iptables-save is to write (-f); fails as <see cref="OpenInput"/>.</summary>
    public Func<string, TextWriter> OpenOutput { get; init; } = static _ => throw new IOException("Permission denied");
}
