namespace Weir.Bpf.Btf;

/// <summary>Linkage of a function (enum btf_func_linkage): a global one is verified once, apart from its callers.</summary>
public enum FunctionLinkage
{
    Static = 0,
    Global = 1,
}
