namespace Weir.Bpf.Btf;

/// <summary>A member of a struct. The offset is in bytes from the struct's start.</summary>
public readonly record struct BtfMember(string Name, int TypeId, int Offset);
