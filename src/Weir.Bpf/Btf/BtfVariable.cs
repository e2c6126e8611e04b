namespace Weir.Bpf.Btf;

/// <summary>A variable (the id of a VAR) at an offset of a data section. Both in bytes.</summary>
public readonly record struct BtfVariable(int TypeId, int Offset, int Size);
