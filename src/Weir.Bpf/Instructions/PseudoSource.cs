namespace Weir.Bpf.Instructions;

/// <summary>What the source field of a 64-bit immediate load says that the immediate is (BPF_PSEUDO_…).</summary>
public enum PseudoSource : byte
{
    Constant = 0,
    /// <summary>A map's descriptor; the register receives the map.</summary>
    MapDescriptor = 1,
    /// <summary>A map's descriptor; the register receives the address of its first value plus the second half's immediate.</summary>
    MapValue = 2,
    /// <summary>The address of a function of this program: instructions from the next instruction, as for calls.</summary>
    Function = 4,
}
