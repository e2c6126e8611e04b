namespace Weir.Model.Rules.Matches;

/// <summary>Kinds of addresses by the routing table: bit n is the kernel's RTN number n.</summary>
[Flags]
public enum AddressTypes : ushort
{
    None = 0,
    Unspec = 1 << 0,
    Unicast = 1 << 1,
    Local = 1 << 2,
    Broadcast = 1 << 3,
    Anycast = 1 << 4,
    Multicast = 1 << 5,
    Blackhole = 1 << 6,
    Unreachable = 1 << 7,
    Prohibit = 1 << 8,
    Throw = 1 << 9,
    Nat = 1 << 10,
    Xresolve = 1 << 11,
}
