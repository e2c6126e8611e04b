namespace Weir.Bpf.Objects;

/// <summary>What the loader writes into an instruction.</summary>
public enum RelocationKind : byte
{
    /// <summary>A map's descriptor into a 64-bit immediate load.</summary>
    MapDescriptor = 1,
    /// <summary>A map's descriptor into a 64-bit immediate load that takes an address in its first value; the offset is in the second half already.</summary>
    MapValue = 2,
    /// <summary>The BTF id of a kernel function into a call.</summary>
    Kfunc = 3,
}
