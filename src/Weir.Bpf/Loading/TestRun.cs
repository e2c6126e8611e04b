namespace Weir.Bpf.Loading;

/// <summary>The outcome of a test-run.</summary>
/// <param name="Result">What the program returned.</param>
/// <param name="Data">The packet afterwards.</param>
/// <param name="Nanoseconds">Time of one run in nanoseconds, averaged over the repetitions.</param>
public sealed record TestRun(int Result, byte[] Data, int Nanoseconds);
