namespace Weir.Bpf.Btf;

/// <summary>A named value of an enum.</summary>
public readonly record struct BtfEnumerator(string Name, int Value);
