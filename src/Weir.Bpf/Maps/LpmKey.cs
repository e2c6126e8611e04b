using System.Runtime.InteropServices;

namespace Weir.Bpf.Maps;

/// <summary>The key of a longest-prefix-match trie: struct bpf_lpm_trie_key. The address is in network byte order.</summary>
/// <param name="PrefixLength">Bits of the address that count.</param>
/// <param name="Address">The address.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct LpmKey<TAddress>(uint PrefixLength, TAddress Address)
    where TAddress : unmanaged;
