namespace Weir.Bpf.Netlink;

/// <summary>An IPv6 address of a device.</summary>
/// <param name="IfIndex">The device's number.</param>
/// <param name="Bytes">The 16 bytes of the address.</param>
/// <param name="Scope">RT_SCOPE_…: 0 everywhere, 253 this link, 254 this host.</param>
/// <param name="Flags">IFA_F_…: 1 temporary, 8 found to be a duplicate, 0x20 deprecated, 0x40 tentative.</param>
public sealed record DeviceAddressIPv6(uint IfIndex, byte[] Bytes, int Scope, uint Flags)
{
    /// <summary>Whether what is sent from here may carry it as its source, for long.</summary>
    public bool IsSource => Scope == 0 && (Flags & (0x01 | 0x08 | 0x20 | 0x40)) == 0;
}
