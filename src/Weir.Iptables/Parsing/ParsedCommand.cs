using System.Collections.Immutable;
using Weir.Model;
using Weir.Model.Rules;

namespace Weir.Iptables.Parsing;

/// <summary>What a command line asks for.</summary>
internal sealed class ParsedCommand
{
    public Commands Command { get; set; }

    public CommandOptions Options { get; set; }

    public string Table { get; set; } = "filter";

    public string? Chain { get; set; }

    public string? NewName { get; set; }

    public string? Policy { get; set; }

    /// <summary>From 1; 0 when not given.</summary>
    public int RuleNumber { get; set; }

    /// <summary>How long to wait for the lock.</summary>
    public LockWait Wait { get; set; } = LockWait.Forever;

    /// <summary>The seconds of -w, for the message: 0 without -w, -1 without a number.</summary>
    public int WaitSeconds { get; set; }

    /// <summary>The rule, but for its target when that is a chain or a name unknown so far, and with any source and destination.</summary>
    public required Rule Rule { get; set; }

    public ImmutableArray<AddressMask> Sources { get; set; } = [];

    public ImmutableArray<AddressMask> Destinations { get; set; } = [];

    /// <summary>The name after -j or -g, empty when there is none.</summary>
    public string Jump { get; set; } = "";

    /// <summary>Whether the name came after -g.</summary>
    public bool IsGoto { get; set; }

    /// <summary>Text to print instead of doing anything (-h, -V).</summary>
    public string? Answer { get; set; }

    /// <summary>-v.</summary>
    public bool IsVerbose => (Options & CommandOptions.Verbose) != 0;
}
