namespace Weir.Iptables.Tests.Support;

/// <summary>What a command printed and returned.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors);
