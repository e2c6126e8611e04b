namespace Weir.Bpf.Links;

/// <summary>Kinds of links (enum bpf_link_type).</summary>
public enum LinkKind
{
    Cgroup = 3,
    NetworkNamespace = 5,
    Xdp = 6,
    Netfilter = 10,
    Tcx = 11,
}
