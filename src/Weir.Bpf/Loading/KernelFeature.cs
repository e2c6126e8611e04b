namespace Weir.Bpf.Loading;

/// <summary>Something that not every supported kernel (Linux 6.1 and later) has.</summary>
public enum KernelFeature
{
    /// <summary>Programs at netfilter hooks (Linux 6.4).</summary>
    NetfilterLinks,
    /// <summary>Programs at TC by links (Linux 6.6).</summary>
    Tcx,
    /// <summary>The source address from a routing look-up (BPF_FIB_LOOKUP_SRC, Linux 6.7).</summary>
    FibLookupSource,
    /// <summary>Routing look-ups that do not need a known neighbour (BPF_FIB_LOOKUP_SKIP_NEIGH, Linux 6.5).</summary>
    FibLookupSkipNeighbour,
    /// <summary>Routing look-ups by the packet's mark (BPF_FIB_LOOKUP_MARK, Linux 6.10).</summary>
    FibLookupMark,
    /// <summary>Reading the kernel's memory (bpf_probe_read_kernel): every supported kernel has it, and locks it away in the confidentiality mode of lockdown.</summary>
    ReadKernelMemory,
}
