namespace Weir.Bpf.Btf;

/// <summary>A parameter of a function prototype.</summary>
public readonly record struct BtfParameter(string Name, int TypeId);
