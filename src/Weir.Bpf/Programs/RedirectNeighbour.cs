using System.Runtime.InteropServices;

namespace Weir.Bpf.Programs;

/// <summary>The next hop for <see cref="Helpers.RedirectNeigh"/>: struct bpf_redir_neigh, 20 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 20)]
public unsafe struct RedirectNeighbour
{
    /// <summary>AF_INET is 2, AF_INET6 is 10.</summary>
    [FieldOffset(0)] public uint Family;
    [FieldOffset(4)] public uint NextHopIp4Be;

    /// <summary>The words of an IPv6 next hop.</summary>
    [FieldOffset(4)] public fixed uint NextHopIp6Be[4];
}
