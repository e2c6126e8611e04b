namespace Weir.Bpf.Netlink;

/// <summary>An IPv4 address of a device.</summary>
/// <param name="IfIndex">The device's number.</param>
/// <param name="AddressBe">The address in network byte order, as it lies in memory.</param>
/// <param name="PrefixLength">Bits of its network.</param>
/// <param name="Scope">RT_SCOPE_…: 0 everywhere, 253 this link, 254 this host.</param>
/// <param name="Flags">IFA_F_…: 1 secondary.</param>
/// <param name="Label">The device's name or an alias of it.</param>
public sealed record DeviceAddress(uint IfIndex, uint AddressBe, int PrefixLength, int Scope, uint Flags, string Label)
{
    public bool IsSecondary => (Flags & 1) != 0;
}
