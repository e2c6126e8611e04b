namespace Weir.Bpf.Netlink;

/// <summary>A route of the local table (IPv4): what the kernel takes for its own.</summary>
/// <param name="AddressBe">The destination in network byte order, as it lies in memory.</param>
/// <param name="PrefixLength">Bits of the destination that count.</param>
/// <param name="Type">RTN_…: 2 local, 3 broadcast, 4 anycast.</param>
/// <param name="IfIndex">The device.</param>
public sealed record LocalRoute(uint AddressBe, int PrefixLength, byte Type, uint IfIndex);
