namespace Weir.Bpf.Netlink;

/// <summary>A network device of this namespace.</summary>
/// <param name="IfIndex">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What made it (<c>veth</c>, <c>bridge</c>, <c>tun</c>), or empty for hardware and loopback.</param>
/// <param name="MasterIfIndex">The bridge or bond that it belongs to, or 0.</param>
/// <param name="HardwareType">ARPHRD_…: 1 Ethernet, 772 loopback, 65534 none.</param>
/// <param name="Flags">IFF_….</param>
/// <param name="Mac">The link-layer address; empty where there is none.</param>
/// <param name="Mtu">Bytes.</param>
public sealed record NetworkDevice(uint IfIndex, string Name, string Kind, uint MasterIfIndex, int HardwareType, DeviceFlags Flags, byte[] Mac, int Mtu)
{
    /// <summary>Whether it is hardware (of a virtual machine too): it hangs on a bus.</summary>
    public bool IsPhysical { get; init; }

    /// <summary>The XDP program at it, or 0.</summary>
    public uint XdpProgramId { get; init; }

    public bool IsUp => (Flags & DeviceFlags.Up) != 0;

    public bool IsLoopback => (Flags & DeviceFlags.Loopback) != 0;
}
